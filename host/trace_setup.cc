#include "host/trace_setup.h"

#include <Python.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "contrib/support/endpoint_tag.h"
#include "contrib/native/contrib_module.h"
#include "contrib/registry.h"
#include "contrib/rules/settings.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mutex.h"
#include "core/config/core_settings.h"
#include "core/config/identity.h"
#include "core/config/parse.h"
#include "core/config/registry.h"
#include "core/py/compat/compat.h"
#include "core/py/later.h"
#include "core/py/ref.h"
#include "core/remote_config/remote_config.h"
#include "core/sampling/sampling.h"
#include "core/statsd/client.h"
#include "core/telemetry/telemetry.h"
#include "core/trace/facts.h"
#include "core/trace/tracer.h"
#include "core/tracing/tracer_object.h"
#include "core/tracing/unfinished.h"
#include "core/transport/agent_sink.h"
#include "core/transport/log_sink.h"
#include "core/transport/otlp_sink.h"
#include "core/transport/worker.h"
#include "host/children/policy.h"
#include "host/crash_setup.h"
#include "host/emulated.h"
#include "host/python_version.h"
#include "host/remote_setup.h"
#include "host/startup_log.h"
#include "host/sudden_end.h"
#include "host/telemetry_setup.h"
#include "products/crash/crash.h"
#include "products/discovery/discovery.h"
#include "products/local/tree_printer.h"
#include "pyshim/native/logging_hook.h"
#include "pyshim/native/otel.h"
#include "pyshim/native/runtime_metrics.h"

extern char** environ;

namespace dd::host {
namespace {

constexpr std::int64_t kFlushNs = 5'000'000'000;

// When a process without traces yet began that has telemetry to send or configuration to ask for.
constinit std::int64_t silent_since_ns = 0;

// With neither a trace nor a library we know it speaks at its end, if it was there for a while.
bool speaks_at_its_end() {
  return silent_since_ns != 0 && base::monotonic_ns() - silent_since_ns >= telemetry::kFirstWordNs;
}

constinit std::span<char* const> seen_arguments;

bool is_ours(std::string_view variable) {
  return variable.starts_with("DD_") || variable.starts_with("OTEL_") ||
         variable.starts_with("_DD_");
}

// Whether the environment says anything that was not seen when it was read.
bool environment_has_changed() {
  for (char** at = environ; at && *at; ++at) {
    const std::string_view line(*at);
    const std::size_t equals = line.find('=');
    if (equals == line.npos || !is_ours(line)) continue;
    const auto seen = config::variable(line.substr(0, equals));
    if (!seen || *seen != line.substr(equals + 1)) return true;
  }
  return false;
}

// Programs set variables and import ddtrace then. Where traces are sent to stays as it is.
void look_again() {
  if (!environment_has_changed()) return;
  config::load_environment(environ);
  config::resolve(config::core_settings());
  trace::Tracer& tracer = trace::Tracer::get();
  const std::vector<std::string_view> words(seen_arguments.begin(), seen_arguments.end());
  trace::ProcessFacts facts = trace::facts_from_settings(words);
  facts.runtime_id = tracer.facts().runtime_id;
  contrib::rename_process({facts.service, !facts.service_is_inferred});
  tracer.set_facts(std::move(facts));
  tracer.set_enabled(config::tracing_enabled.get());
  sampling::configure(sampling::config_from_settings());
  refresh_crash_facts();
}

// Of ends that cannot wait for longer: os._exit, exec, SIGTERM. Safe in a signal handler.
constexpr std::int64_t kSuddenNs = 500'000'000;
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
  show_process();
}

void flush_sinks() { (void)transport::agent_sink::flush(kFlushNs); }

std::optional<std::string> setting(std::string_view name) {
  const std::optional<std::string_view> text = config::variable(name);
  if (!text) return std::nullopt;
  return std::string(*text);
}

}  // namespace

Status set_up_tracer(std::span<char* const> arguments) {
  seen_arguments = arguments;
  config::load_environment(environ);
  // Told by the python that executed this one (exec_calls.h); the program does not see them.
  for (const char* told : {"_DD_ROOT_PY_SESSION_ID", "_DD_PARENT_PY_SESSION_ID"}) unsetenv(told);
  config::resolve(config::core_settings());
  config::resolve(children::settings());
  config::resolve(remote_config::settings());
  config::resolve(crash::settings());
  if (config::debug.get()) base::set_log_level(base::LogLevel::kDebug);
  config::warn_about_names();
  trace::Tracer& tracer = trace::Tracer::get();
  const std::vector<std::string_view> words(arguments.begin(), arguments.end());
  tracer.set_facts(trace::facts_from_settings(words));
  tracer.set_enabled(config::tracing_enabled.get());
  return {};
}

Status connect_tracer(bool print_locally) {
  sampling::configure(sampling::config_from_settings());
  sampling::install();
  if (config::report_unfinished.get()) tracing::watch_unfinished();
  if (!config::tracing_enabled.get()) return {};
  if (print_locally) {
    local::start_tree_printer();
    return {};
  }
  if (transport::log_sink::wanted()) {
    transport::log_sink::start();
    return {};
  }
  // Without a usable address the program still has its spans and the ddtrace package.
  if (py::compat::kHasGil && !transport::otlp::wanted() && !transport::otlp::besides())
    base::HostMutex::rely_on_host();
  const Status started = transport::agent_sink::start({.language_version = python_version(),
                                                       .tracer_version = DD_EMULATED_VERSION,
                                                       .statsd_url = statsd::default_url(),
                                                       .on_start = &first_work,
                                                       .on_sent = &telemetry::note_payload,
                                                       .look = &look_at_spans});
  if (started.ok()) {
    tracing::set_flush(&flush_sinks);
    py::allow_later_calls();
    start_telemetry();
    start_remote_configuration();
    start_crash_reports();
  } else {
    base::log(base::LogLevel::kWarning, started.message() + "; traces are not sent");
  }
  return {};
}

const contrib::Settings& integration_settings() {
  static const contrib::Settings* made = nullptr;
  if (made == nullptr) {
    const trace::ProcessFacts& facts = trace::Tracer::get().facts();
    made = new contrib::Settings(
        setting, {.service = facts.service, .is_users = !facts.service_is_inferred});
  }
  return *made;
}

Status hook_libraries() {
  contrib::set_look_again(&look_again);
  contrib::tell_endpoints(integration_settings());
  contrib::start(&integration_settings(), config::tracing_enabled.get());
  pyshim::watch_opentelemetry();
  pyshim::watch_logging();
  pyshim::start_runtime_metrics(DD_EMULATED_VERSION);
  write_startup_log();
  if (transport::agent_sink::exporter() != nullptr &&
      (telemetry::enabled() || remote_config::wanted()))
    silent_since_ns = base::monotonic_ns();
  return {};
}

bool will_speak() { return transport::Worker::get().running() || speaks_at_its_end(); }

void stop_tracer() {
  transport::Worker& worker = transport::Worker::get();
  if (speaks_at_its_end()) worker.wake();
  worker.shutdown(kFlushNs);
}

}  // namespace dd::host
