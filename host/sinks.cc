#include "host/sinks.h"

#include <cstdint>

#include "core/base/clock.h"
#include "core/base/fork.h"
#include "core/base/mutex.h"
#include "core/config/core_settings.h"
#include "core/config/identity.h"
#include "core/py/compat/compat.h"
#include "core/py/later.h"
#include "core/remote_config/remote_config.h"
#include "core/statsd/client.h"
#include "core/telemetry/telemetry.h"
#include "core/trace/facts.h"
#include "core/trace/tracer.h"
#include "core/tracing/tracer_object.h"
#include "core/transport/agent_sink.h"
#include "core/transport/log_sink.h"
#include "core/transport/otlp_sink.h"
#include "core/transport/worker.h"
#include "host/bootstrap.h"
#include "host/emulated.h"
#include "host/products.h"
#include "host/python_version.h"
#include "host/sudden_end.h"
#include "host/telemetry_setup.h"
#include "products/discovery/discovery.h"
#include "products/local/tree_printer.h"

namespace dd::host {
namespace {

constexpr std::int64_t kFlushNs = 5'000'000'000;
// Of ends that cannot wait for longer: os._exit, exec, SIGTERM. Safe in a signal handler.
constexpr std::int64_t kSuddenNs = 500'000'000;

constinit product::Gate agent_gate, local_gate, lines_gate, discovery_gate;

constinit std::int64_t connected_ns = 0;  // when there was somebody to tell something
constinit bool uses_package = false;      // the program has imported ddtrace

// On the worker.
void look_at_spans(const trace::Delivery& delivery) {
  remote_config::note_services(delivery);
  telemetry::note_spans(delivery);
}

void flush_suddenly() {
  statsd::flush_all();
  (void)transport::agent_sink::flush_suddenly(kSuddenNs);
}

void show_process() {
  const trace::ProcessFacts& facts = trace::Tracer::get().facts();
  discovery::publish({.runtime_id = facts.runtime_id,
                      .tracer_version = DD_EMULATED_VERSION,
                      .hostname = config::host_name(),
                      .service = facts.service,
                      .env = facts.env,
                      .version = facts.version});
}

void first_work() {
  watch_sudden_ends(&flush_suddenly);
  begin_telemetry();
  discovery_gate.enter(&show_process);
}

void flush_sinks() { (void)transport::agent_sink::flush(kFlushNs); }

product::Wanted agent_wanted() {
  if (!config::tracing_enabled.get()) return {false, "DD_TRACE_ENABLED"};
  if (transport::log_sink::wanted()) return {false, "log-lines take its place"};
  return with_agent(true, {});
}

Status connect_agent() {
  // Without a usable address the program still has its spans and the ddtrace package.
  if (py::compat::kHasGil && !transport::otlp::wanted() && !transport::otlp::besides())
    base::HostMutex::rely_on_host();
  const Status started = transport::agent_sink::start({.language_version = python_version(),
                                                       .tracer_version = DD_EMULATED_VERSION,
                                                       .statsd_url = statsd::default_url(),
                                                       .on_start = &first_work,
                                                       .on_sent = &telemetry::note_payload,
                                                       .on_failed = &telemetry::note_failure,
                                                       .look = &look_at_spans});
  if (!started.ok()) return Status::error(started.message() + "; traces are not sent");
  connected_ns = base::monotonic_ns();
  tracing::set_flush(&flush_sinks);
  py::allow_later_calls();
  return {};
}

product::Wanted local_wanted() {
  return {config::tracing_enabled.get() && options().local, "--dd-local"};
}

Status print_locally() {
  local::start_tree_printer();
  return {};
}

product::Wanted lines_wanted() {
  if (!config::tracing_enabled.get()) return {false, "DD_TRACE_ENABLED"};
  if (options().local) return {false, "--dd-local"};
  return {transport::log_sink::wanted(), "AWS Lambda without an agent"};
}

Status write_lines() {
  transport::log_sink::start();
  return {};
}

}  // namespace

// Of those with nothing to say so far the first process speaks, if it was there for a while: what
// runs for a moment (a script of a build, `-c`) does not wait for an agent. A forked child is
// silent as the reference's is.
static bool speaks_at_its_end() {
  return agent_gate.open() && telemetry::enabled() && base::fork_generation() == 0 &&
         (uses_package || base::monotonic_ns() - connected_ns >= telemetry::kFirstWordNs);
}

bool will_speak() { return transport::Worker::get().running() || speaks_at_its_end(); }

void speak_soon() {
  uses_package = true;
  if (agent_gate.open() && (telemetry::enabled() || remote_config::wanted()))
    transport::Worker::get().start_later(telemetry::kFirstWordNs);
}

void stop_worker() {
  transport::Worker& worker = transport::Worker::get();
  if (speaks_at_its_end()) worker.wake();  // also of a program without a trace or a library we know
  transport::agent_sink::settle();
  worker.shutdown(kFlushNs);
}

}  // namespace dd::host

namespace dd::products {

constinit const product::Product local_tree = {
    .gate = &host::local_gate, .wanted = &host::local_wanted, .start = &host::print_locally};

constinit const product::Product log_lines = {
    .gate = &host::lines_gate, .wanted = &host::lines_wanted, .start = &host::write_lines};

constinit const product::Product agent = {
    .gate = &host::agent_gate, .wanted = &host::agent_wanted, .start = &host::connect_agent};

constinit const product::Product process_discovery = {.gate = &host::discovery_gate};

}  // namespace dd::products
