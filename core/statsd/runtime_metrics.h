// What the interpreter needs of the machine, every ten seconds as distributions: runtime.python.*.
// Figures of the process come from the kernel, on the worker; those of the garbage collector are
// kept by whoever has the GIL. Source: METRICS.md section 1.

#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "core/statsd/client.h"

namespace dd::statsd {

// Written with the GIL, read by the worker.
struct CollectorFigures {
  std::atomic<std::int64_t> counts[3] = {};                    // as gc.get_count()
  std::atomic<std::int64_t> collections[3] = {};               // since ever
  std::atomic<std::int64_t> pause_ns{0}, longest_pause_ns{0};  // since they were taken
};

struct RuntimeOptions {
  Place to;
  bool as_gauges = false;
  std::string (*tags)() = nullptr;  // "service:a,env:b", each time
  std::string container;            // its id, or empty
  const char* client_tags = "";     // of what the client tells of itself; the transport is added
  void (*next)() = nullptr;         // on the worker: new figures of the collector are wanted
  CollectorFigures* collector = nullptr;
};
// Does nothing when they are being sent. What a short program has to say is sent at its end: before
// it has lived for a moment nothing runs (Timer::start). Any thread but the worker.
void start_runtime_metrics(const RuntimeOptions& options);
void stop_runtime_metrics();  // sends the last values
bool sends_runtime_metrics();
// In a forked child: it sends too, from its own beginning on. Any thread.
void resume_runtime_metrics();

}  // namespace dd::statsd
