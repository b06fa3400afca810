// Shared engine of Kafka's clients: the spans of what is sent and of what is received.
//
// GIL held; nothing here raises.

#pragma once

#include <cstdint>
#include <string_view>

#include "contrib/rules/naming.h"
#include "core/py/context.h"
#include "core/py/hook.h"
#include "core/tracing/live_span.h"

namespace dd::contrib {

struct KafkaStart {
  std::string_view component;  // "kafka"
  std::string_view own{};      // DD_KAFKA_SERVICE, or empty
  Operation operation;
  bool late_service = false;  // Step's
};

// The span of a message that is being sent, of this hook: by start_step(). `flag` and `waits` are
// Step's.
tracing::LiveSpan& start_kafka_producer(py::Scope& scope, const KafkaStart& what,
                                        const py::ContextVariable* flag, bool waits = false);
// The span of a poll, which began at `start_ns` and is over: below the message's own trace where
// `parent` says so, and never active.
tracing::LiveSpan start_kafka_consumer(const KafkaStart& what, py::Handle parent,
                                       std::int64_t start_ns);

// What is not known is empty, and not told.
struct KafkaMessage {
  py::Handle topic, key, value, partition, offset;
  std::string_view cluster{};
};
void tag_kafka_message(trace::Span& span, const KafkaMessage& message);

// What was received: attributes of the message, or what its methods of these names say.
struct KafkaRecord {
  KafkaRecord(py::Handle message, bool by_methods);
  KafkaMessage told() const;
  py::Ref topic, key, value, partition, offset;
};
// The context that a message's headers carry; empty when they carry none.
py::Ref context_of_message(py::Handle message, bool by_methods);

}  // namespace dd::contrib
