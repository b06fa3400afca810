#include "host/products.h"

#include <optional>

#include "contrib/registry.h"
#include "contrib/support/endpoint_tag.h"
#include "core/base/clock.h"
#include "core/config/core_settings.h"
#include "core/config/setting.h"
#include "core/product/safe_mode.h"
#include "core/py/imports/import_hook.h"
#include "core/py/ref.h"
#include "core/statsd/client.h"
#include "core/telemetry/telemetry.h"
#include "core/trace/facts.h"
#include "core/trace/tracer.h"
#include "core/transport/worker.h"
#include "host/bootstrap.h"
#include "host/emulated.h"
#include "host/shutdown.h"
#include "host/sinks.h"
#include "host/startup_log.h"
#include "host/trace_setup.h"
#include "pyshim/native/log_submission.h"
#include "pyshim/native/logging_hook.h"
#include "pyshim/native/otel.h"
#include "pyshim/native/runtime_metrics.h"
#include "pyshim/native/traced_functions.h"

namespace dd::host {
namespace {

constexpr product::Row kTable[] = {
#define DD_PRODUCT(symbol, name, ...) {name, {__VA_ARGS__}, &products::symbol},
#include "products/products.def"
#undef DD_PRODUCT
};
static_assert(product::is_in_order(kTable), "a row of products.def stands above what it needs");

constexpr py::ModuleHook kOurPackage[] = {
    {"ddtrace", [](py::Handle, const void*) { speak_soon(); }}};

constinit bool running = false;

void bar_what_crashed(product::Options& options) {
  const std::string folder = product::safe_mode::folder(), who = start_name();
  const std::optional<product::safe_mode::Note> note =
      product::safe_mode::read(folder, who, DD_VERSION, base::wall_ns() / 1'000'000'000);
  if (!note) return;
  options.barred = note->product;
  options.barred_why =
      product::safe_mode::explain(*note, product::safe_mode::file_for(folder, who));
}

void tell(std::string name, bool on, std::string problem) {
  for (char& c : name)
    if (c == '-') c = '_';
  telemetry::product(std::move(name), on, std::move(problem));
}

void stop_products() {
  product::Manager::get().stop();
  stop_worker();
}

constinit product::Gate tracer_gate, otel_gate, logs_gate, submission_gate, metrics_gate;

Status hook_libraries() {
  contrib::tell_endpoints(integration_settings());
  contrib::start(&integration_settings(), config::tracing_enabled.get());
  if (config::tracing_enabled.get()) pyshim::watch_traced_functions();
  return {};
}
Status watch_opentelemetry() {
  pyshim::watch_opentelemetry();
  return {};
}
Status watch_logging() {
  pyshim::watch_logging();
  return {};
}
Status send_runtime_metrics() {
  if (pyshim::enable_runtime_metrics({})) return {};
  py::swallow_error();
  return Status::error("the URL of DogStatsD cannot be used: " + statsd::default_url());
}

product::Wanted opentelemetry_wanted() {
  if (config::otel_enabled.get()) return product::by(config::otel_enabled);
  if (config::product_wanted("METRICS_OTEL")) return {true, "DD_METRICS_OTEL_ENABLED"};
  if (config::product_wanted("LOGS_OTEL")) return {true, "DD_LOGS_OTEL_ENABLED"};
  return product::by(config::otel_enabled);
}

}  // namespace

void resolve_products() {
  config::resolve(product::safe_mode::settings());
  for (const product::Row& row : kTable)
    if (row.product->settings != nullptr) config::resolve(row.product->settings());
}

std::string start_name() {
  const trace::ProcessFacts& facts = trace::Tracer::get().facts();
  return facts.service + " " + facts.process_tags;
}

product::Wanted with_agent(bool on, std::string_view setting) {
  if (options().local) return {false, "--dd-local"};
  return {on, setting};
}

Status start_products(std::string_view failing) {
  product::Options options{.table = kTable, .tell = &tell, .failing = std::string(failing)};
  bar_what_crashed(options);
  transport::Worker::get().on_fault([](const char* owner, const std::string& problem) {
    product::Manager::get().trip(owner, problem);
  });
  pyshim::name_tracer_version(DD_EMULATED_VERSION);
  product::Manager::get().start(std::move(options));
  running = true;
  at_exit(&stop_products);
  write_startup_log();
  py::import_hook::add(kOurPackage);
  return {};
}

std::vector<product::Report> product_reports() {
  if (running) return product::Manager::get().reports();
  product::Options options{.table = kTable};
  bar_what_crashed(options);
  return product::Manager::forecast(options);
}

}  // namespace dd::host

namespace dd::products {

constinit const product::Product tracer = {
    .gate = &host::tracer_gate, .start = &host::hook_libraries, .told = true};

constinit const product::Product opentelemetry = {.gate = &host::otel_gate,
                                                  .wanted = &host::opentelemetry_wanted,
                                                  .start = &host::watch_opentelemetry};

constinit const product::Product log_correlation = {.gate = &host::logs_gate,
                                                    .start = &host::watch_logging};

constinit const product::Product log_submission = {.gate = &host::submission_gate,
                                                   .settings = &pyshim::log_submission_settings,
                                                   .wanted =
                                                       [] {
                                                         return product::Wanted{
                                                             pyshim::log_submission_wanted(),
                                                             "DD_AGENTLESS_LOG_SUBMISSION_ENABLED"};
                                                       },
                                                   .start = &pyshim::submit_logs};

constinit const product::Product runtime_metrics = {
    .gate = &host::metrics_gate,
    .wanted =
        [] {
          return product::Wanted{pyshim::runtime_metrics_wanted(), "DD_RUNTIME_METRICS_ENABLED"};
        },
    .start = &host::send_runtime_metrics};

}  // namespace dd::products
