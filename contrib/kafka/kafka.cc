// kafka: a span for each message that confluent_kafka produces, and one for each poll.
//
// The clients are objects of C types that tell nothing of how they were made: what their
// constructors got is kept by address, and replaced when another client is made there.

#include <string>
#include <unordered_map>
#include <utility>

#include "contrib/support/integration.h"
#include "contrib/support/message_headers.h"
#include "contrib/support/step.h"
#include "core/base/clock.h"
#include "core/py/context.h"
#include "core/py/error.h"
#include "core/trace/tags.h"
#include "core/tracing/carrier.h"

namespace dd::contrib::kafka {
namespace {

Name kClusterId("cluster_id"), kHeaders("headers"), kKey("key"), kListTopics("list_topics"),
    kOffset("offset"), kPartition("partition"), kTopic("topic"), kValue("value");

struct Knobs {
  std::string own_service;
  bool distributed, empty_polls;
};
constinit const Knobs* knobs = nullptr;

void prepare(const Settings& from) {
  knobs = new Knobs{from.own_service("kafka"), from.knob("kafka", "PROPAGATION_ENABLED", false),
                    from.knob("kafka", "EMPTY_POLL_ENABLED", true)};
}

struct Client {
  std::string servers, group, cluster;
  bool asked = false;  // for the cluster
};
using Clients = std::unordered_map<PyObject*, Client>;
Clients& clients() {
  static Clients* made = new Clients;
  return *made;
}

// Those in Python call those in C that they are made from: the outermost has the span.
constinit py::ContextVariable inside("ddtrace_kafka_inside");

struct Timed {
  Timed(Handle client, std::int64_t now) : consumer(client.share()), start_ns(now) {}
  Timed(Timed&&) noexcept = default;
  Ref consumer;
  std::int64_t start_ns;
  py::InForce flag{inside, py::boolean(true)};
};
struct Produced {
  explicit Produced(LiveSpan&& started) : span(std::move(started)) {}
  Produced(Produced&&) noexcept = default;
  ~Produced() {
    if (span.open()) span.finish();
  }
  LiveSpan span;
  py::InForce flag{inside, py::boolean(true)};
};

// From a dictionary, or from keywords.
std::string setting(const Call& call, std::string_view name) {
  const Ref given = call.arg(0).item(py::str(name));
  if (given) return given.display();
  for (std::size_t at = 0; at < call.keyword_count(); ++at)
    if (call.keyword_name(at).utf8() == name) return call.keyword_value(at).display();
  return {};
}

void enter_init(Call& call, Scope&) {
  Client client;
  for (const std::string_view name : {"bootstrap.servers", "metadata.broker.list"})
    if (client.servers.empty()) client.servers = setting(call, name);
  client.group = setting(call, "group.id");
  clients().insert_or_assign(call.self().ptr(), std::move(client));
}

// Asks the broker, once a client.
std::string cluster_of(Handle self, Handle topic) {
  if (Client& client = clients()[self.ptr()]; client.asked || !topic.is_str() || topic.size() == 0)
    return client.cluster;
  clients()[self.ptr()].asked = true;
  const Ref told = self.call_method(kListTopics, topic, py::integer(1)).attr(kClusterId);
  py::swallow_error();
  return clients()[self.ptr()].cluster = told.is_str() ? told.text() : std::string();
}

LiveSpan start(const Operation& operation, std::string_view kind, Handle parent, bool activate,
               std::int64_t start_ns) {
  const Named named = settings().naming.of_client(
      {.integration = "kafka", .fallback = "kafka", .own = knobs->own_service});
  const tracing::SpanStart what = {.name = settings().naming.operation(operation),
                                   .type = "worker",
                                   .activate = activate,
                                   .measured = true,
                                   .start_ns = start_ns};
  LiveSpan live = parent ? LiveSpan::start_under(parent, what) : LiveSpan::start(what);
  if (!live) return live;
  trace::Span& span = live.span();
  span.set_static(tags::kComponent, "kafka");
  span.set_static(tags::kSpanKind, kind);
  span.set_static(trace::Key("messaging.system"), "kafka");
  set_late_service(span, named.service, named.source);
  return live;
}

void tag_message(trace::Span& span, Handle self, Handle topic, Handle key, Handle value,
                 Handle partition) {
  if (const std::string cluster = cluster_of(self, topic); !cluster.empty())
    span.set(trace::Key("kafka.cluster_id"), cluster);
  span.set(trace::Key("kafka.topic"), topic.text());
  if (topic.size() > 0) span.set(trace::Key("messaging.destination.name"), topic.text());
  const bool keyed = key && !key.is_none();
  span.set(trace::Key("kafka.message_key"), !keyed           ? std::string()
                                            : key.is_bytes() ? key.text()
                                                             : key.display());
  span.set(trace::Key("kafka.tombstone"), !value || value.is_none() ? "True" : "False");
  if (partition.is_int())
    span.set(trace::Key("kafka.partition"), static_cast<std::int64_t>(partition.integer()));
}

struct Places {  // of the arguments of produce()
  int key, value, headers;
};
constexpr Places kPlain = {2, 1, 7}, kSerializing = {1, 2, 6};

void enter_produce(Call& call, Scope& scope) {
  if (inside.is_set()) return;
  const Places& at = *static_cast<const Places*>(call.data());
  constexpr Operation kProduce = {"kafka.produce", "kafka.send"};
  const Produced& produced = scope.emplace<Produced>(start(kProduce, "producer", {}, true, 0));
  if (!produced.span) return;
  trace::Span& span = produced.span.span();
  const Handle given = call.arg(3, kPartition);
  const Ref partition = given ? given.share() : py::integer(-1);
  tag_message(span, call.self(), call.arg(0, kTopic), call.arg(at.key, kKey),
              call.arg(at.value, kValue), partition);
  const Client& client = clients()[call.self().ptr()];
  if (!client.servers.empty()) span.set(tags::kKafkaServers, client.servers);
  if (knobs->distributed)
    (void)call.replace_arg(
        at.headers, kHeaders,
        with_trace_headers(call.arg(at.headers, kHeaders), produced.span.object()));
}

void leave_produce(Outcome& outcome, Scope& scope) {
  const Produced* produced = scope.get<Produced>();
  if (!produced || !produced->span) return;
  if (outcome.error) produced->span.fail(outcome.error);
  produced->span.finish();
}

void enter_poll(Call& call, Scope& scope) {
  if (!inside.is_set()) scope.emplace<Timed>(call.self(), base::wall_ns());
}

// Of a message, or of the first of several.
void leave_poll(Outcome& outcome, Scope& scope) {
  Timed* timed = scope.get<Timed>();
  if (!timed) return;
  timed->flag.end();
  const bool several = outcome.result.is_list();
  const Ref message = several ? outcome.result.item(Py_ssize_t{0}) : outcome.result.share();
  const bool received = message && !message.is_none();
  if (!received && !outcome.data() && !knobs->empty_polls) return;
  Ref context;
  if (received && knobs->distributed) {
    context = tracing::extract(message.call_method(kHeaders));
    if (!tracing::continues(context)) context = {};
  }
  constexpr Operation kConsume = {"kafka.consume", "kafka.process"};
  const LiveSpan live = start(kConsume, "consumer", context, false, timed->start_ns);
  if (!live) return;
  trace::Span& span = live.span();
  span.set_static(trace::Key("kafka.received_message"), received ? "True" : "False");
  span.set(trace::Key("kafka.group_id"), clients()[timed->consumer.ptr()].group);
  if (received) {
    const Ref topic = message.call_method(kTopic), key = message.call_method(kKey);
    const Ref value = message.call_method(kValue), partition = message.call_method(kPartition);
    tag_message(span, timed->consumer, topic, key, value, partition);
    const Ref offset = message.call_method(kOffset);
    if (offset.is_int())
      span.set(trace::Key("kafka.message_offset"),
               static_cast<std::int64_t>(offset.integer() ? offset.integer() : -1));
  }
  if (outcome.error) live.fail(outcome.error);
  live.finish();
}

constexpr py::Target produce(const char* where, const Places& places, bool optional) {
  return {.where = where,
          .enter = enter_produce,
          .leave = leave_produce,
          .optional = optional,
          .data = &places};
}
constexpr bool kAlways = true;  // has a span, also when there was nothing
constexpr py::Target poll(const char* where, const bool* always = nullptr, bool optional = false) {
  return {.where = where,
          .enter = enter_poll,
          .leave = leave_poll,
          .optional = optional,
          .data = always};
}

constexpr const char* kModules[] = {"confluent_kafka"};
constexpr py::Target kTargets[] = {
    {.where = "confluent_kafka.cimpl:Producer.__init__", .enter = enter_init},
    {.where = "confluent_kafka.cimpl:Consumer.__init__", .enter = enter_init},
    produce("confluent_kafka.cimpl:Producer.produce", kPlain, false),
    produce("confluent_kafka:SerializingProducer.produce", kSerializing, true),
    poll("confluent_kafka.cimpl:Consumer.poll"),
    poll("confluent_kafka.cimpl:Consumer.consume", &kAlways),
    poll("confluent_kafka:DeserializingConsumer.poll", nullptr, true),
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "kafka",
                                     .package = "confluent-kafka",
                                     .versions = ">=1.9.2",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::kafka
