// Traces as OTLP, for OpenTelemetry collectors: the body of POST /v1/traces, as protobuf or JSON.
//
// The mapping is the reference's: the name is the resource, the operation's name and everything
// else are attributes; the resource of the request is this process. Traces that are not to be kept
// are not the encoder's business. Source: WRITER.md "OTLP", WIRE.md section 2.3.

#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/encoding/encoder.h"

namespace dd::encoding {

struct OtlpOptions {
  bool json = false;
  std::string path = "/v1/traces";
  std::string tracer_version;
  // The tracestate that a child of this span would be sent.
  std::string (*trace_state)(trace::Segment& segment, std::uint64_t span_id) = nullptr;
};
std::unique_ptr<TraceEncoder> make_otlp(FactsSource facts, OtlpOptions options);

}  // namespace dd::encoding
