// Traces as JSON text: a line of a log, where there is neither agent nor network, and the body of
// the intake, which takes traces without an agent. Source: WRITER.md sections 1 and 4.

#pragma once

#include <memory>
#include <string>

#include "core/encoding/encoder.h"

namespace dd::encoding {

// `{"traces": [[{span}, ...]]}` and a line feed. Ids are 16 upper-case hexadecimal digits.
// `native_events`: events as a field of their own; otherwise they are left out.
std::string log_line(const trace::Delivery& delivery, const trace::ProcessFacts& facts,
                     bool native_events);

// What the intake wants to know besides; of the process.
struct IntakeFacts {
  std::string hostname, language_version, tracer_version, container_id;
  bool statistics_come_too = false;  // otherwise they are asked for
  // What a tag, or the resource when `key` is empty, is sent as; null: as it is.
  std::string_view (*tidy)(const trace::Span& span, std::string_view key, std::string_view value,
                           std::string& storage) = nullptr;
  // A tag `sql.query` that the span does not have; empty: none.
  std::string (*query_of)(const trace::Span& span) = nullptr;
};
std::unique_ptr<TraceEncoder> make_intake(FactsSource facts, const IntakeFacts& intake);

}  // namespace dd::encoding
