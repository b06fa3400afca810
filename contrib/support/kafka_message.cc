#include "contrib/support/kafka_message.h"

#include <string>
#include <utility>

#include "contrib/support/integration.h"
#include "contrib/support/step.h"
#include "core/trace/tags.h"
#include "core/tracing/carrier.h"

namespace dd::contrib {

namespace tags = trace::tags;
using tracing::LiveSpan;

namespace {

Name kMessageHeaders("headers"), kMessageKey("key"), kMessageOffset("offset"),
    kMessagePartition("partition"), kMessageTopic("topic"), kMessageValue("value");

constexpr trace::Key kMessagingSystem("messaging.system");

Named kafka_service(const KafkaStart& what) {
  return settings().naming.of_client(
      {.integration = what.component, .fallback = "kafka", .own = what.own});
}

void tag_number(trace::Span& span, const char* name, Handle number) {
  if (number.is_int()) span.set(trace::Key(name), static_cast<std::int64_t>(number.integer()));
}

Ref kafka_part(Handle message, const Name& name, bool by_methods) {
  return by_methods ? message.call_method(name) : message.attr(name);
}

}  // namespace

LiveSpan& start_kafka_producer(Scope& scope, const KafkaStart& what,
                               const py::ContextVariable* flag, bool waits) {
  const Named named = kafka_service(what);
  LiveSpan& live = start_step(scope, {.name = settings().naming.operation(what.operation),
                                      .component = what.component,
                                      .service = named.service,
                                      .source = named.source,
                                      .type = "worker",
                                      .kind = "producer",
                                      .measured = true,
                                      .late_service = what.late_service,
                                      .waits = waits,
                                      .flag = flag});
  if (live) live.span().set_static(kMessagingSystem, "kafka");
  return live;
}

LiveSpan start_kafka_consumer(const KafkaStart& what, Handle parent, std::int64_t start_ns) {
  const Named named = kafka_service(what);
  const tracing::SpanStart start = {
      .name = settings().naming.operation(what.operation),
      .service = what.late_service ? std::string_view() : named.service,
      .type = "worker",
      .activate = false,
      .measured = true,
      .start_ns = start_ns};
  LiveSpan live = parent ? LiveSpan::start_under(parent, start) : LiveSpan::start(start);
  if (!live) return live;
  trace::Span& span = live.span();
  span.set_static(tags::kComponent, what.component);
  span.set_static(tags::kSpanKind, "consumer");
  span.set_static(kMessagingSystem, "kafka");
  if (what.late_service)
    set_late_service(span, named.service, named.source);
  else
    span.set(tags::kServiceSource, named.source);
  return live;
}

void tag_kafka_message(trace::Span& span, const KafkaMessage& message) {
  if (!message.cluster.empty()) span.set(trace::Key("kafka.cluster_id"), message.cluster);
  if (message.topic) span.set(trace::Key("kafka.topic"), message.topic.display());
  if (message.topic && message.topic.size() != 0)
    span.set(trace::Key("messaging.destination.name"), message.topic.display());
  if (message.key)
    span.set(trace::Key("kafka.message_key"),
             message.key.is_bytes() ? message.key.text() : message.key.display());
  if (message.value)
    span.set(trace::Key("kafka.tombstone"), message.value.is_none() ? "True" : "False");
  tag_number(span, "kafka.partition", message.partition);
  tag_number(span, "kafka.message_offset", message.offset);
}

KafkaRecord::KafkaRecord(Handle message, bool by_methods)
    : topic(kafka_part(message, kMessageTopic, by_methods)),
      key(kafka_part(message, kMessageKey, by_methods)),
      value(kafka_part(message, kMessageValue, by_methods)),
      partition(kafka_part(message, kMessagePartition, by_methods)),
      offset(kafka_part(message, kMessageOffset, by_methods)) {}

KafkaMessage KafkaRecord::told() const {
  return {.topic = topic,
          .key = key.is_none() ? Handle() : Handle(key),
          .value = value,
          .partition = partition,
          .offset = offset};
}

Ref context_of_message(Handle message, bool by_methods) {
  const Ref headers = kafka_part(message, kMessageHeaders, by_methods), pairs = py::list();
  if (headers.is_tuple()) headers.each([&](Handle pair) { (void)pairs.append(pair); });
  Ref context = tracing::extract(headers.is_tuple() ? pairs : headers);
  return tracing::continues(context) ? std::move(context) : Ref();
}

}  // namespace dd::contrib
