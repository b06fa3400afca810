// kafka: a span for each message that confluent_kafka produces, and one for each poll.
//
// The clients are objects of C types that tell nothing of how they were made: what their
// constructors got is kept by address, and replaced when another client is made there.

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "contrib/support/integration.h"
#include "contrib/support/kafka_message.h"
#include "contrib/support/message_headers.h"
#include "contrib/support/step.h"
#include "core/base/clock.h"
#include "core/config/parse.h"
#include "core/config/setting.h"
#include "core/py/context.h"
#include "core/py/error.h"
#include "core/trace/tags.h"

namespace dd::contrib::kafka {
namespace {

Name kClusterId("cluster_id"), kLinkSpan("link_span"), kHeaders("headers"), kKey("key"),
    kListTopics("list_topics"), kPartition("partition"), kTopic("topic"), kValue("value");

struct Knobs {
  std::string own_service;
  bool distributed, empty_polls, links;
};
constinit const Knobs* knobs = nullptr;

// The trace of a message is linked to, not continued.
bool links_instead() {
  const auto names = config::variable("DD_TRACE_PROPAGATION_AS_SPAN_LINKS");
  const std::vector<std::string> list = config::parse_list(names.value_or(""));
  return std::find(list.begin(), list.end(), "kafka") != list.end();
}

void prepare(const Settings& from) {
  knobs = new Knobs{from.own_service("kafka"), from.knob("kafka", "PROPAGATION_ENABLED", false),
                    from.knob("kafka", "EMPTY_POLL_ENABLED", true), links_instead()};
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

KafkaStart what(const Operation& operation) {
  return {.component = "kafka",
          .own = knobs->own_service,
          .operation = operation,
          .late_service = true};
}

void tag_message(trace::Span& span, Handle self, KafkaMessage message) {
  const std::string cluster = cluster_of(self, message.topic);
  const Ref no_key = py::str(""), nothing = py::none();
  message.cluster = cluster;
  if (!message.key || message.key.is_none()) message.key = no_key;
  if (!message.value) message.value = nothing;
  tag_kafka_message(span, message);
}

struct Places {  // of the arguments of produce()
  int key, value, headers;
};
constexpr Places kPlain = {2, 1, 7}, kSerializing = {1, 2, 6};

void enter_produce(Call& call, Scope& scope) {
  if (inside.is_set()) return;
  const LiveSpan& live =
      start_kafka_producer(scope, what({"kafka.produce", "kafka.send"}), &inside);
  if (!live) return;
  const Places& at = *static_cast<const Places*>(call.data());
  const Ref any = py::integer(-1);
  const Handle partition = call.arg(3, kPartition);
  tag_message(live.span(), call.self(),
              {.topic = call.arg(0, kTopic),
               .key = call.arg(at.key, kKey),
               .value = call.arg(at.value, kValue),
               .partition = partition ? partition : Handle(any)});
  const Client& client = clients()[call.self().ptr()];
  if (!client.servers.empty()) live.span().set(tags::kKafkaServers, client.servers);
  if (knobs->distributed)
    (void)call.replace_arg(at.headers, kHeaders,
                           with_trace_headers(call.arg(at.headers, kHeaders), live.object()));
}

void leave_produce(Outcome& outcome, Scope& scope) { finish_step(outcome, scope); }

void enter_poll(Call& call, Scope& scope) {
  if (!inside.is_set()) scope.emplace<Timed>(call.self(), base::wall_ns());
}

void link_to(const LiveSpan& live, Handle message) {
  const Ref context = context_of_message(message, true);
  if (context && !live.object().call_method(kLinkSpan, context)) py::swallow_error();
}

// Of a message, or of the first of several; links go to all of them.
void leave_poll(Outcome& outcome, Scope& scope) {
  Timed* timed = scope.get<Timed>();
  if (!timed) return;
  timed->flag.end();
  const bool several = outcome.result.is_list();
  const Ref message = several ? outcome.result.item(Py_ssize_t{0}) : outcome.result.share();
  const bool received = message && !message.is_none();
  if (!received && !outcome.data() && !knobs->empty_polls) return;
  const bool links = knobs->distributed && knobs->links;
  const Ref context =
      received && knobs->distributed && !links ? context_of_message(message, true) : Ref();
  const LiveSpan live =
      start_kafka_consumer(what({"kafka.consume", "kafka.process"}), context, timed->start_ns);
  if (!live) return;
  if (links && several)
    outcome.result.each([&](Handle one) { link_to(live, one); });
  else if (links && received)
    link_to(live, message);
  trace::Span& span = live.span();
  span.set_static(trace::Key("kafka.received_message"), received ? "True" : "False");
  span.set(trace::Key("kafka.group_id"), clients()[timed->consumer.ptr()].group);
  if (received) {
    const KafkaRecord record(message, true);
    const Ref unknown = py::integer(-1);
    KafkaMessage told = record.told();
    if (told.offset.integer() == 0) told.offset = unknown;
    tag_message(span, timed->consumer, told);
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
