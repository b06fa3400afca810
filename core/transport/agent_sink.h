// The process' exporter, made from the settings and fed by the tracer.
//
//     agent_sink::start({.language_version = "3.11.7", .tracer_version = "4.16.0"});
//     agent_sink::flush(2'000'000'000);      // without the GIL
//     agent_sink::shutdown(5'000'000'000);   // at the end, without the GIL
//
// start() opens nothing: the first finished trace does.
// Source: WRITER.md sections 2 and 3.

#pragma once

#include <cstdint>
#include <string>

#include "core/base/status.h"

namespace dd::trace {
struct Delivery;
}

namespace dd::transport {

class Exporter;

namespace agent_sink {

struct Versions {
  std::string language_version, tracer_version;
  std::string statsd_url = {};                              // of health metrics
  void (*on_start)() = nullptr;                             // Worker::on_start()
  void (*on_sent)(std::size_t bytes) = nullptr;             // of each payload; on the worker
  void (*on_failed)(int status) = nullptr;                  // instead, when no attempt was taken
  void (*look)(const trace::Delivery& delivery) = nullptr;  // at what is to be sent; on the worker
};

// Once, during start-up, settings resolved. An error: the agent's address cannot be used.
Status start(const Versions& versions);
bool flush_suddenly(std::int64_t timeout_ns);  // Exporter::flush_suddenly
bool flush(std::int64_t timeout_ns);           // true when nothing was left, or nothing was started
// Waits a little until it is known how the agent takes traces, where that decides what is sent:
// before an end or a flush. Any thread but the worker, without the GIL.
void settle();
void shutdown(std::int64_t timeout_ns);
Exporter* exporter();  // null before start()

// The agent's URL as the settings say it: DD_TRACE_AGENT_URL, else host and port, else the socket
// /var/run/datadog/apm.socket if there is one, else http://localhost:8126.
std::string agent_url();

}  // namespace agent_sink
}  // namespace dd::transport
