#include "host/startup_log.h"

#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "contrib/registry.h"
#include "core/base/clock.h"
#include "core/base/streams.h"
#include "core/config/core_settings.h"
#include "core/config/parse.h"
#include "core/remote_config/remote_config.h"
#include "core/statsd/client.h"
#include "core/trace/tracer.h"
#include "core/transport/agent_sink.h"
#include "host/diagnosis.h"
#include "host/emulated.h"
#include "host/python_version.h"

namespace dd::host {
namespace {

bool flag(std::string_view name, bool otherwise = false) {
  const auto value = config::variable(name);
  return value ? config::parse_bool(*value).value_or(otherwise) : otherwise;
}

std::string quoted(std::string_view text) {  // as repr() of a str without surprises
  const char quote = text.find('\'') != text.npos && text.find('"') == text.npos ? '"' : '\'';
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote || c == '\\') out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  return out + quote;
}

// A dictionary as Python shows it.
class Dict {
 public:
  Dict& raw(std::string_view name, std::string_view value) {
    text_.append(text_.size() > 1 ? ", " : "").append(quoted(name)).append(": ").append(value);
    return *this;
  }
  Dict& text(std::string_view name, std::string_view value) { return raw(name, quoted(value)); }
  Dict& flag(std::string_view name, bool value) { return raw(name, value ? "True" : "False"); }
  std::string take() { return text_ + "}"; }

 private:
  std::string text_ = "{";
};

std::string now_text() {
  const std::int64_t now = base::wall_ns();
  const time_t seconds = static_cast<time_t>(now / 1'000'000'000);
  tm parts{};
  localtime_r(&seconds, &parts);
  char text[64];
  const std::size_t size = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text + size, sizeof text - size, ".%06d", static_cast<int>(now / 1000 % 1'000'000));
  return text;
}

std::string integrations() {
  Dict out;
  contrib::each_integration(
      [](const contrib::IntegrationState& state, void* context) {
        if (!state.triggered) return;
        static_cast<Dict*>(context)->raw(state.name, Dict()
                                                         .flag("enabled", state.on)
                                                         .flag("instrumented", state.on)
                                                         .raw("module_version", "None")
                                                         .flag("module_imported", state.triggered)
                                                         .raw("config", state.on ? "'N/A'" : "None")
                                                         .take());
      },
      &out);
  return out.take();
}

std::string facts_of_process(const std::string& problem) {
  utsname system{};
  uname(&system);
  const trace::ProcessFacts& facts = trace::Tracer::get().facts();
  Dict out;
  out.text("date", now_text()).text("os_name", system.sysname).text("os_version", system.release);
  out.flag("is_64_bit", sizeof(void*) == 8).text("architecture", "64bit").text("vm", "CPython");
  out.text("version", DD_EMULATED_VERSION).text("lang", "python");
  out.text("lang_version", python_version()).text("pip_version", "N/A");
  out.flag("in_virtual_env", std::getenv("VIRTUAL_ENV") != nullptr);
  out.text("agent_url", transport::agent_sink::agent_url());
  out.raw("agent_error", problem.empty() ? "None" : quoted(problem));
  out.text("statsd_url", statsd::default_url()).text("env", facts.env);
  out.flag("ddtrace_enabled", config::tracing_enabled.get());
  out.raw("sampling_rules", "[]");
  out.text("service", facts.service_is_inferred ? "" : facts.service);
  out.flag("debug", config::debug.get()).flag("enabled_cli", true);
  out.flag("log_injection_enabled", config::logs_injection.get());
  out.flag("health_metrics_enabled", flag("DD_TRACE_HEALTH_METRICS_ENABLED"));
  out.flag("runtime_metrics_enabled", flag("DD_RUNTIME_METRICS_ENABLED"));
  out.text("dd_version", facts.version).text("global_tags", config::tags.get());
  out.text("tracer_tags", config::tags.get()).raw("integrations", integrations());
  out.flag("partial_flush_enabled", config::partial_flush.get());
  out.raw("partial_flush_min_spans", std::to_string(config::partial_flush_min_spans.get()));
  out.flag("asm_enabled", false).flag("iast_enabled", false).raw("waf_timeout", "5.0");
  out.flag("remote_config_enabled", remote_config::wanted()).raw("config_endpoint", "{}");
  out.flag("crashtracking_enabled", flag("DD_CRASHTRACKING_ENABLED", true));
  out.flag("gitmetadata_enabled", config::git_metadata.get());
  out.text("git_repository_url", facts.git_repository).text("git_commit_sha", facts.git_commit);
  out.text("git_main_package", facts.main_package);
  const auto level = config::variable("DD_TRACE_LOG_LEVEL");
  out.raw("log_level_override", level ? quoted(*level) : "None");
  return out.take();
}

// The line is of the level INFO; warnings are shown always.
bool wants_information() {
  if (config::debug.get()) return true;
  const std::string_view level = config::variable("DD_TRACE_LOG_LEVEL").value_or("");
  return config::same_ignoring_case(level, "info") || config::same_ignoring_case(level, "debug");
}

}  // namespace

void write_startup_log() {
  if (!base::has_stderr()) return;
  if (!config::debug.get() && !flag("DD_TRACE_STARTUP_LOGS")) return;
  const std::string problem = ask_agent(transport::agent_sink::agent_url()).problem;
  std::string text;
  if (wants_information())
    text += "- DATADOG TRACER CONFIGURATION - " + facts_of_process(problem) + "\n";
  if (!problem.empty()) text += "- DATADOG TRACER DIAGNOSTIC - " + problem + "\n";
  (void)!write(2, text.data(), text.size());
}

}  // namespace dd::host
