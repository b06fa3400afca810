#include "host/info.h"

#include <Python.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "contrib/registry.h"
#include "core/base/clock.h"
#include "core/config/core_settings.h"
#include "core/config/registry.h"
#include "core/json/json.h"
#include "core/remote_config/remote_config.h"
#include "core/telemetry/reported.h"
#include "core/trace/tracer.h"
#include "core/transport/agent_sink.h"
#include "core/transport/connection.h"
#include "host/children/policy.h"
#include "host/emulated.h"
#include "host/identity.h"
#include "host/products.h"
#include "host/trace_setup.h"

#ifndef DD_VERSION
#define DD_VERSION "0"
#endif

namespace dd::host {
namespace {

constexpr std::int64_t kPatienceNs = 2'000'000'000;

std::string version_line() {
  return "ddpython " DD_VERSION " with ddtrace " DD_EMULATED_VERSION " (CPython " PY_VERSION
         ", built for " +
         std::string(base_python()) + ")\n";
}

std::string or_none(std::string_view text) { return text.empty() ? "None" : std::string(text); }
std::string_view yes_no(bool yes) { return yes ? "True" : "False"; }

bool is_secret(std::string_view name) {
  for (const std::string_view part : {"KEY", "TOKEN", "SECRET", "PASSWORD"})
    if (name.find(part) != std::string_view::npos) return true;
  return false;
}

class Report {
 public:
  explicit Report(bool colours) : colours_(colours) {}

  void title(std::string_view colour, std::string_view name, std::string_view indent = {}) {
    text_.append(indent);
    paint(colour, name, true);
    text_ += '\n';
  }
  void line(std::string_view name, std::string_view value) {
    text_.append("    ").append(name).append(": ").append(value).append("\n");
  }
  void item(std::string_view text) { text_.append("    ").append(text).append("\n"); }
  void message(std::string_view colour, std::string_view text) {
    text_ += '\n';
    paint(colour, text, false);
    text_ += '\n';
  }
  void gap() { text_ += '\n'; }
  void plain(std::string_view text) { text_.append(text); }
  std::string_view text() const { return text_; }

 private:
  void paint(std::string_view colour, std::string_view text, bool bold) {
    if (colours_) text_.append("\033[").append(colour).append(bold ? "m\033[1m" : "m");
    text_.append(text);
    if (colours_) text_.append("\033[0m");
  }
  const bool colours_;
  std::string text_;
};

constexpr std::string_view kBlue = "94", kCyan = "96", kGreen = "92", kRed = "91", kYellow = "93";

// Settings that are not at their default: from the environment as they stand there, others by name.
void add_settings(Report& report) {
  std::vector<std::string> lines;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals == text.npos ||
        !(text.starts_with("DD_") || text.starts_with("_DD_") || text.starts_with("OTEL_")))
      continue;
    const std::string_view name = text.substr(0, equals);
    lines.push_back(std::string(name) + "=" +
                    std::string(is_secret(name) ? "***" : text.substr(equals + 1)) +
                    " (environment)");
  }
  for (const auto table : {config::core_settings(), children::settings()}) {
    for (const config::SettingBase* setting : table) {
      constexpr std::string_view kOrigin[] = {"default",    "local file", "environment",
                                              "fleet file", "code",       "remote"};
      if (!setting->is_set() || setting->origin() == config::Origin::kEnvironment) continue;
      lines.push_back(std::string(setting->spec().env) + " (" +
                      std::string(kOrigin[static_cast<int>(setting->origin())]) + ")");
    }
  }
  std::ranges::sort(lines);
  report.title(kGreen, "Settings that are not default:");
  for (const std::string& line : lines) report.item(line);
  if (lines.empty()) report.item("None");
}

void add_integrations(Report& report) {
  std::array<std::string, 2> names;  // off, on
  contrib::each_choice(
      integration_settings(),
      [](std::string_view name, bool on, void* context) {
        std::string& list = (*static_cast<std::array<std::string, 2>*>(context))[on ? 1 : 0];
        list.append(list.empty() ? "" : ", ").append(name);
      },
      &names);
  report.title(kGreen, "Integrations:");
  report.line("Enabled", or_none(names[1]));
  report.line("Disabled", or_none(names[0]));
}

// "on (DD_X)", "off: needs agent"
std::string told(const product::Report& report) {
  std::string out(product::word(report.state));
  if (report.why.empty()) return out;
  return report.state == product::State::kOn ? out + " (" + report.why + ")"
                                             : out + ": " + report.why;
}

void add_products(Report& report) {
  report.title(kGreen, "Products:");
  for (const product::Report& one : product_reports()) report.line(one.name, told(one));
}

struct Recommended {
  std::string_view title, article;
  bool missing;
};
std::array<Recommended, 3> recommended() {
  const trace::ProcessFacts& facts = trace::Tracer::get().facts();
  return {{{"SERVICE", "a service", facts.service.empty() || facts.service_is_inferred},
           {"ENV", "an env", facts.env.empty()},
           {"VERSION", "a version", facts.version.empty()}}};
}

void add_summary(Report& report, const std::string& problem) {
  report.title(kCyan, "Summary");
  if (!problem.empty())
    report.message(kRed, "ERROR: It looks like you have an agent error: '" + problem +
                             "'\n Please make sure that a Datadog agent is running and that "
                             "DD_TRACE_AGENT_URL names its address.");
  for (const Recommended& tag : recommended()) {
    if (!tag.missing) continue;
    report.message(kYellow, "WARNING " + std::string(tag.title) +
                                " NOT SET: It is recommended that " + std::string(tag.article) +
                                " tag be set for all traced applications.");
  }
}

void write_settings(json::Writer& out) {
  std::vector<telemetry::Row> rows = telemetry::reported_rows();
  telemetry::append_rows(children::settings(), rows);
  out.key("settings").open_array();
  for (const telemetry::Row& row : rows) {
    if (row.origin == "default") continue;
    out.open_object().field("name", row.name).field("value", row.value);
    out.field("origin", row.origin).close();
  }
  out.close().key("unused_settings").open_array();
  for (const config::KnownSetting& known : config::registry())
    if (known.unused) out.value(known.name);
  out.close().key("unknown_settings").open_array();
  for (const std::string& complaint : config::complaints_about_names()) out.value(complaint);
  out.close();
}

}  // namespace

std::string agent_problem(const std::string& url) {
  const Result<transport::Address> address = transport::parse_agent_url(url);
  if (!address.ok()) return address.status().message();
  const auto connection = transport::make_connection(address.value());
  connection->start({.method = "GET", .target = "/info"}, base::monotonic_ns() + kPatienceNs);
  if (transport::perform(*connection) == transport::Progress::kDone) return {};
  return "Agent not reachable at " + url;
}

int print_text(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(1, text.data(), text.size());
    if (written <= 0) return 1;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

int print_version() { return print_text(version_line()); }

int print_info(const InfoOptions& options) {
  const std::string url = transport::agent_sink::agent_url();
  const std::string problem = agent_problem(url);
  const trace::ProcessFacts& facts = trace::Tracer::get().facts();
  Report report(options.colours);
  report.title(kBlue, "Tracer Configurations:");
  report.line("Tracer enabled", yes_no(config::tracing_enabled.get()));
  // Products that do not exist yet are never on.
  report.line("Application Security enabled", "False");
  report.line("Remote Configuration enabled", yes_no(remote_config::wanted()));
  report.line("IAST enabled (experimental)", "False");
  report.line("Debug logging", yes_no(config::debug.get()));
  report.line("Writing traces to", url);
  report.line("Agent error", or_none(problem));
  report.line("Log injection enabled", yes_no(config::logs_injection.get()));
  report.line("Health metrics enabled", "False");
  report.line("Partial flushing enabled", yes_no(config::partial_flush.get()));
  report.line("Partial flush minimum number of spans",
              std::to_string(config::partial_flush_min_spans.get()));
  report.title(kGreen, "Tagging:", "    ");
  report.line("DD Service", facts.service_is_inferred ? "None" : or_none(facts.service));
  report.line("DD Env", or_none(facts.env));
  report.line("DD Version", or_none(facts.version));
  report.line("Global Tags", or_none(config::tags.get()));
  report.line("Tracer Tags", or_none(config::tags.get()));
  report.gap();
  report.title(kBlue, "Program:");
  report.item(version_line().substr(0, version_line().size() - 1));
  report.line("Python", options.program);
  const std::string environment = environment_of(options.program);
  report.line("Environment", or_none(environment.empty() ? "" : real_path(environment)));
  const char* const activated = std::getenv("VIRTUAL_ENV");
  if (environment.empty() && activated != nullptr && *activated != '\0')
    report.item("Not used: " + std::string(activated) + ", which is of another python");
  constexpr std::string_view kFollowed[] = {"none", "direct", "all"};
  report.line("Children followed", kFollowed[static_cast<int>(children::policy())]);
  report.gap();
  add_settings(report);
  report.gap();
  add_products(report);
  report.gap();
  add_integrations(report);
  report.gap();
  add_summary(report, problem);
  return print_text(report.text());
}

int print_info_json(const InfoOptions& options) {
  const std::string url = transport::agent_sink::agent_url(), problem = agent_problem(url);
  const trace::ProcessFacts& facts = trace::Tracer::get().facts();
  json::Writer out;
  out.open_object().field("version", DD_VERSION).field("ddtrace", DD_EMULATED_VERSION);
  out.field("python", PY_VERSION).field("program", options.program);
  out.field("tracer_enabled", config::tracing_enabled.get()).field("agent_url", url);
  out.field("agent_error", problem).field("service", facts.service);
  out.field("service_is_inferred", facts.service_is_inferred).field("env", facts.env);
  out.field("service_version", facts.version);
  out.field("remote_configuration_enabled", remote_config::wanted());
  write_settings(out);
  out.key("products").open_object();
  for (const product::Report& one : product_reports()) {
    out.key(one.name).open_object().field("state", product::word(one.state));
    out.field("why", one.why).close();
  }
  out.close().key("integrations").open_object();
  contrib::each_choice(
      integration_settings(),
      [](std::string_view name, bool on, void* context) {
        static_cast<json::Writer*>(context)->field(name, on);
      },
      &out);
  out.close().key("warnings").open_array();
  int status = 0;
  for (const Recommended& tag : recommended()) {
    if (!tag.missing) continue;
    status = 1;
    out.value(std::string(tag.title) + " is not set");
  }
  if (!problem.empty()) status = 2;
  out.close().close();
  const int printed = print_text(out.take() + "\n");
  return printed != 0 ? printed : status;
}

}  // namespace dd::host
