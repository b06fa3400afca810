// aiokafka: a span for each message that is sent, until the broker has it, and one for each fetch.

#include <map>
#include <string>

#include "contrib/support/integration.h"
#include "contrib/support/kafka_message.h"
#include "contrib/support/message_headers.h"
#include "contrib/support/side_table.h"
#include "contrib/support/step.h"
#include "core/base/clock.h"
#include "core/trace/tags.h"

namespace dd::contrib::aiokafka {
namespace {

using tracing::LiveSpan;

Name kClient("client"), kCluster("cluster"), kClusterId("cluster_id"), kGroup("_group_id"),
    kHeaders("headers"), kKey("key"), kLinkSpan("link_span"), kMetadata("metadata"),
    kOffset("offset"), kOwnClient("_client"), kPartition("partition"),
    kServers("_bootstrap_servers"), kTopic("topic"), kValue("value");

struct Knobs {
  std::string own_service;
  bool distributed;
};
constinit const Knobs* knobs = nullptr;
void prepare(const Settings& from) {
  knobs = new Knobs{from.own_service("aiokafka"), from.knob("kafka", "PROPAGATION_ENABLED", false)};
}

// What a broker's answer says of its cluster, beside what the client keeps of it.
constinit SideTable clusters;
void enter_update(Call& call, Scope&) {
  const Ref id = call.arg(0, kMetadata).attr(kClusterId);
  if (id.is_str()) clusters.put(call.self(), id);
}

void tag_client(trace::Span& span, Handle client) {
  const Ref servers = client.attr(kServers), id = clusters.get(client.attr(kCluster));
  span.set(trace::tags::kKafkaServers, servers.display());
  if (id) span.set(trace::Key("kafka.cluster_id"), id.utf8());
}

void enter_send(Call& call, Scope& scope) {
  const LiveSpan& live = start_kafka_producer(scope,
                                              {.component = "aiokafka",
                                               .own = knobs->own_service,
                                               .operation = {"kafka.produce", "kafka.send"}},
                                              nullptr, true);
  if (!live) return;
  const Ref nothing = py::none();
  const auto given = [&](int place, const Name& name) {
    const Handle found = call.arg(place, name);
    return found ? found : Handle(nothing);
  };
  tag_kafka_message(live.span(), {.topic = call.arg(0, kTopic),
                                  .key = given(2, kKey),
                                  .value = given(1, kValue),
                                  .partition = given(3, kPartition)});
  tag_client(live.span(), call.self().attr(kClient));
  if (knobs->distributed)
    (void)call.replace_arg(5, kHeaders,
                           with_trace_pairs(given(5, kHeaders), live.object(), &py::bytes));
}

void leave_delivered(Outcome& outcome, Scope& scope) {
  const LiveSpan* live = step_of(scope);
  if (live && outcome.result)
    tag_kafka_message(live->span(), {.partition = outcome.result.attr(kPartition),
                                     .offset = outcome.result.attr(kOffset)});
  finish_step(outcome, scope);
}

// The answer to a message is a future, of its place.
constexpr py::Watch kDelivered = {.end = leave_delivered};
void leave_send(Outcome& outcome, Scope& scope) {
  if (!outcome.follow(Kind::kAwaitable, kDelivered, scope)) finish_step(outcome, scope);
}

struct Fetch {
  Ref consumer;
  std::int64_t start_ns;
};
void enter_fetch(Call& call, Scope& scope) {
  scope.emplace<Fetch>(call.self().share(), base::wall_ns());
}

LiveSpan start(const Fetch& fetch, const Outcome& outcome, Handle parent) {
  LiveSpan live = start_kafka_consumer({.component = "aiokafka",
                                        .own = knobs->own_service,
                                        .operation = {"kafka.consume", "kafka.receive"}},
                                       parent, fetch.start_ns);
  if (!live) return live;
  trace::Span& span = live.span();
  span.set_static(trace::Key("kafka.received_message"), outcome.result ? "True" : "False");
  span.set(trace::Key("kafka.group_id"), fetch.consumer.attr(kGroup).display());
  tag_client(span, fetch.consumer.attr(kOwnClient));
  if (outcome.error) live.fail(outcome.error);
  return live;
}

void leave_getone(Outcome& outcome, Scope& scope) {
  const Fetch* fetch = scope.get<Fetch>();
  if (!fetch) return;
  const Handle message = outcome.result;
  const Ref context = message && knobs->distributed ? context_of_message(message, false) : Ref();
  const LiveSpan live = start(*fetch, outcome, context);
  if (!live) return;
  const KafkaRecord record(message, false);
  const Ref nothing = py::none();
  KafkaMessage told = record.told();
  if (!message) told.topic = nothing;
  tag_kafka_message(live.span(), told);
  live.finish();
}

void add_word(std::string& to, const std::string& word) {
  if (!to.empty()) to += ',';
  to += word;
}

// {TopicPartition: [message, ...]}
void leave_getmany(Outcome& outcome, Scope& scope) {
  const Fetch* fetch = scope.get<Fetch>();
  if (!fetch) return;
  const LiveSpan live = start(*fetch, outcome, {});
  if (!live) return;
  std::string topics;
  std::map<std::string, std::string> partitions;
  outcome.result.each_pair([&](Handle where, Handle messages) {
    const std::string topic = where.attr(kTopic).text();
    const auto [row, is_new] = partitions.try_emplace("kafka.partitions." + topic);
    if (is_new) add_word(topics, topic);
    add_word(row->second, where.attr(kPartition).display());
    if (!knobs->distributed) return;
    messages.each([&](Handle message) {
      if (const Ref context = context_of_message(message, false))
        (void)live.object().call_method(kLinkSpan, context);
    });
  });
  const Ref topic = topics.empty() ? py::none() : py::str(topics);
  tag_kafka_message(live.span(), {.topic = topic});
  live.span().set(trace::Key("messaging.destination.name"),
                  topic.display().substr(0, topics.find(',')));
  for (const auto& [name, all] : partitions) live.span().set(trace::Key(name), all);
  live.finish();
}

constexpr const char* kModules[] = {"aiokafka"};
constexpr py::Target fetch(const char* where, py::Leave leave) {
  return {.where = where, .enter = enter_fetch, .leave = leave, .kind = Kind::kAwaitable};
}
constexpr py::Target kTargets[] = {
    {.where = "aiokafka.producer.producer:AIOKafkaProducer.send",
     .enter = enter_send,
     .leave = leave_send,
     .kind = Kind::kAwaitable,
     .begin = begin_step},
    fetch("aiokafka.consumer.consumer:AIOKafkaConsumer.getone", leave_getone),
    fetch("aiokafka.consumer.consumer:AIOKafkaConsumer.getmany", leave_getmany),
    {.where = "aiokafka.cluster:ClusterMetadata.update_metadata", .enter = enter_update},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "aiokafka",
                                     .package = "aiokafka",
                                     .versions = ">=0.9.0",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::aiokafka
