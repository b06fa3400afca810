#include "host/trace_setup.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "contrib/native/contrib_module.h"
#include "contrib/registry.h"
#include "contrib/rules/settings.h"
#include "core/base/log.h"
#include "core/base/streams.h"
#include "core/config/core_settings.h"
#include "core/config/explain.h"
#include "core/config/parse.h"
#include "core/http/redact.h"
#include "core/sampling/sampling.h"
#include "core/statsd/client.h"
#include "core/trace/facts.h"
#include "core/trace/tracer.h"
#include "core/tracing/unfinished.h"
#include "core/transport/address.h"
#include "core/transport/agent_sink.h"
#include "host/children/policy.h"
#include "host/crash_setup.h"
#include "host/main_package.h"
#include "host/products.h"
#include "host/set_in_vain.h"

extern char** environ;

namespace dd::host {
namespace {

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
  add_main_package(facts);
  facts.runtime_id = tracer.facts().runtime_id;
  contrib::rename_process({facts.service, !facts.service_is_inferred});
  tracer.set_facts(std::move(facts));
  tracer.set_enabled(config::tracing_enabled.get());
  sampling::configure(sampling::config_from_settings());
  refresh_crash_facts();
}

std::optional<std::string> setting(std::string_view name) {
  const std::optional<std::string_view> text = config::variable(name);
  if (!text) return std::nullopt;
  return std::string(*text);
}

std::optional<std::string> instead_if(bool bad, std::string (*used)()) {
  return bad ? std::optional(used()) : std::nullopt;
}

constexpr config::Check kChecks[] = {
    {"DD_TRACE_AGENT_URL",
     [](std::string_view text) {
       return instead_if(!transport::parse_agent_url(text).ok(), &transport::agent_sink::agent_url);
     }},
    {"DD_AGENT_HOST",
     [](std::string_view text) {
       return instead_if(text.find_first_of("/ \t") != text.npos,
                         &transport::agent_sink::agent_url);
     }},
    {"DD_DOGSTATSD_URL",
     [](std::string_view text) {
       statsd::Place place;
       return instead_if(!statsd::parse_url(text, place), &statsd::default_url);
     }},
    {"DD_TRACE_OBFUSCATION_QUERY_STRING_REGEXP",
     [](std::string_view text) {
       return instead_if(!http::QueryRedactor(text).usable(),
                         [] { return std::string("none: no query string is shown"); });
     }},
};

}  // namespace

Status set_up_tracer(std::span<char* const> arguments) {
  seen_arguments = arguments;
  base::look_at_streams();
  config::load_environment(environ);
  // Told by the python that executed this one (exec_calls.h); the program does not see them.
  for (const char* told : {"_DD_ROOT_PY_SESSION_ID", "_DD_PARENT_PY_SESSION_ID"}) unsetenv(told);
  config::resolve(config::core_settings());
  config::resolve(children::settings());
  resolve_products();
  if (config::debug.get()) base::set_log_level(base::LogLevel::kDebug);
  config::also_check(kChecks);
  config::warn_about_settings();
  warn_about_what_is_set_in_vain();
  trace::Tracer& tracer = trace::Tracer::get();
  const std::vector<std::string_view> words(arguments.begin(), arguments.end());
  tracer.set_facts(trace::facts_from_settings(words));
  tracer.set_enabled(config::tracing_enabled.get());
  return {};
}

Status connect_tracer() {
  sampling::configure(sampling::config_from_settings());
  sampling::install();
  if (!config::main_package.get().empty()) {
    trace::ProcessFacts facts = trace::Tracer::get().facts();
    add_main_package(facts);
    trace::Tracer::get().set_facts(std::move(facts));
  }
  if (config::report_unfinished.get()) tracing::watch_unfinished();
  contrib::set_look_again(&look_again);
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

}  // namespace dd::host
