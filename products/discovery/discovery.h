// Who this process is, for programs on the same machine that look at it from outside: two pieces of
// memory that the kernel shows under /proc.
//
//   memfd:datadog-tracer-info-<8 characters>   sealed, MessagePack: for the agent's system probe
//   /memfd:OTEL_CTX                            a mapping of one page, an OTLP resource: for
//                                              profilers of OpenTelemetry
//
// Source: WIRE.md section 15.

#pragma once

#include <string>

namespace dd::discovery {

struct Identity {
  std::string runtime_id, tracer_version, hostname, service, env, version;
};

// The contents. Empty values are left out.
std::string tracer_record(const Identity& who);
std::string context_record(const Identity& who);

// Shows both, in the place of what an earlier call, or the parent of this process, has shown. One
// descriptor stays open, above those that programs count with. One thread at a time.
void publish(const Identity& who);

}  // namespace dd::discovery
