#include "host/info.h"

#include <Python.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "core/config/core_settings.h"
#include "core/config/explain.h"
#include "core/config/registry.h"
#include "core/json/json.h"
#include "core/remote_config/remote_config.h"
#include "core/telemetry/reported.h"
#include "core/trace/tracer.h"
#include "host/children/policy.h"
#include "host/diagnosis.h"
#include "host/emulated.h"
#include "host/identity.h"
#include "host/products.h"

#ifndef DD_VERSION
#define DD_VERSION "0"
#endif

namespace dd::host {
namespace {

std::string version_line() {
  return "ddpython " DD_VERSION " with ddtrace " DD_EMULATED_VERSION " (CPython " PY_VERSION
         ", built for " +
         std::string(base_python()) + ")\n";
}

std::string or_none(std::string_view text) { return text.empty() ? "None" : std::string(text); }
std::string_view yes_no(bool yes) { return yes ? "True" : "False"; }

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

std::string described(const config::Explained& setting) {
  const config::Held& held = setting.held.back();
  std::string out =
      held.name + "=" + held.text + " (" + std::string(config::origin_in_words(held.origin)) + ")";
  if (held.name != setting.name) out += ", which is " + std::string(setting.name);
  if (setting.unused) out += ", not used by this program yet";
  for (std::size_t i = setting.held.size() - 1; i-- > 0;) {
    const config::Held& weaker = setting.held[i];
    out +=
        "; over " + weaker.text + " (" + std::string(config::origin_in_words(weaker.origin)) + ")";
  }
  return out;
}

// What is set about this program only, which the reference does not know.
void add_own_settings(std::vector<std::string>& lines) {
  for (const config::SettingBase* setting : children::settings()) {
    if (!setting->is_set()) continue;
    const std::string_view name = setting->spec().env;
    if (config::find_known(name) != nullptr) continue;
    lines.push_back(std::string(name) + "=" + std::string(config::variable(name).value_or("")) +
                    " (" + std::string(config::origin_in_words(setting->origin())) + ")");
  }
}

void add_settings(Report& report) {
  std::vector<std::string> lines;
  for (const config::Explained& setting : config::settings_not_default())
    lines.push_back(described(setting));
  add_own_settings(lines);
  std::ranges::sort(lines);
  report.title(kGreen, "Settings that are not default:");
  for (const std::string& line : lines) report.item(line);
  if (lines.empty()) report.item("None");
  std::string unknown;
  for (const std::string& name : config::unknown_names())
    unknown.append(unknown.empty() ? "" : ", ").append(name);
  if (!unknown.empty()) report.line("Not settings of this program", unknown);
  const auto unused = std::ranges::count_if(config::registry(), &config::KnownSetting::unused);
  report.line("Known settings that this program does not use yet",
              std::to_string(unused) + " (--dd-info --json lists them)");
}

// "on (DD_X)", "off: needs agent"
std::string told(const product::Report& report) {
  std::string out(product::word(report.state));
  if (report.why.empty()) return out;
  return report.state == product::State::kOn ? out + " (" + report.why + ")"
                                             : out + ": " + report.why;
}

void add_products(Report& report, const Diagnosis& diagnosis) {
  report.title(kGreen, "Products:");
  for (const product::Report& one : product_reports()) report.line(one.name, told(one));
  std::string missing;
  for (const std::string_view name : diagnosis.missing)
    missing.append(missing.empty() ? "" : ", ").append(name);
  report.line("Not in this program yet", missing);
}

void add_integrations(Report& report, const Diagnosis& diagnosis) {
  std::array<std::string, 2> names;  // off, on
  for (const Part& part : diagnosis.integrations) {
    std::string& list = names[part.on ? 1 : 0];
    list.append(list.empty() ? "" : ", ").append(part.name);
  }
  report.title(kGreen, "Integrations:");
  report.line("Enabled", or_none(names[1]));
  report.line("Disabled", or_none(names[0]));
  if (!config::tracing_enabled.get()) return;  // the products say why
  for (const Part& part : diagnosis.integrations)
    if (part.why != "default")
      report.line(part.name, std::string(part.on ? "on" : "off") + ", " + part.why);
}

void add_summary(Report& report, const Diagnosis& diagnosis) {
  report.title(kCyan, "Summary");
  for (const Problem& problem : diagnosis.problems) {
    const std::size_t missing = problem.what.find(" is not set");
    std::string text;
    if (problem.serious)
      text = "ERROR: It looks like you have an agent error: '" + problem.what + "'";
    else if (missing != problem.what.npos)
      text = "WARNING " + problem.what.substr(0, missing) + " NOT SET";
    else
      text = "WARNING: " + problem.what;
    report.message(problem.serious ? kRed : kYellow, text + "\n What to do: " + problem.remedy);
  }
  if (diagnosis.problems.empty()) report.item("Nothing is wrong");
}

void write_settings(json::Writer& out) {
  out.key("settings").open_array();
  for (const config::Explained& setting : config::settings_not_default()) {
    for (const config::Held& held : setting.held) {
      out.open_object().field("name", setting.name).field("value", held.text);
      out.field("origin", telemetry::origin_name(held.origin)).field("variable", held.name);
      out.field("in_force", &held == &setting.held.back()).field("unused", setting.unused).close();
    }
  }
  out.close().key("unused_settings").open_array();
  for (const config::KnownSetting& known : config::registry())
    if (known.unused) out.value(known.name);
  out.close().key("unknown_settings").open_array();
  for (const std::string& complaint : config::complaints_about_names()) out.value(complaint);
  for (const std::string& name : config::unknown_names()) out.value(name);
  out.close();
}

void write_parts(json::Writer& out, const Diagnosis& diagnosis) {
  out.key("integrations").open_object();
  for (const Part& part : diagnosis.integrations) out.field(part.name, part.on);
  out.close().key("integration_reasons").open_object();
  for (const Part& part : diagnosis.integrations)
    if (part.why != "default") out.field(part.name, part.why);
  out.close().key("products").open_object();
  for (const product::Report& one : product_reports()) {
    out.key(one.name).open_object().field("state", product::word(one.state));
    out.field("why", one.why).close();
  }
  out.close().key("missing_products").open_array();
  for (const std::string_view name : diagnosis.missing) out.value(name);
  out.close();
}

void write_problems(json::Writer& out, const Diagnosis& diagnosis) {
  out.key("warnings").open_array();
  for (const Problem& problem : diagnosis.problems)
    if (!problem.serious) out.value(problem.what);
  out.close().key("problems").open_array();
  for (const Problem& problem : diagnosis.problems) {
    out.open_object().field("serious", problem.serious).field("what", problem.what);
    out.field("remedy", problem.remedy).close();
  }
  out.close();
}

}  // namespace

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
  const Diagnosis diagnosis = diagnose();
  const trace::ProcessFacts& facts = trace::Tracer::get().facts();
  Report report(options.colours);
  report.title(kBlue, "Tracer Configurations:");
  report.line("Tracer enabled", yes_no(config::tracing_enabled.get()));
  // Products that do not exist yet are never on.
  report.line("Application Security enabled", "False");
  report.line("Remote Configuration enabled", yes_no(remote_config::wanted()));
  report.line("IAST enabled (experimental)", "False");
  report.line("Debug logging", yes_no(config::debug.get()));
  report.line("Writing traces to", diagnosis.agent.url);
  report.line("Agent error", or_none(diagnosis.agent.problem));
  if (!diagnosis.agent.version.empty()) report.line("Agent version", diagnosis.agent.version);
  report.line("Log injection enabled", yes_no(config::logs_injection.get()));
  const auto health = config::explain("DD_TRACE_HEALTH_METRICS_ENABLED").held;
  report.line("Health metrics enabled", yes_no(!health.empty() && health.back().text == "true"));
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
  add_products(report, diagnosis);
  report.gap();
  add_integrations(report, diagnosis);
  report.gap();
  add_summary(report, diagnosis);
  const int printed = print_text(report.text());
  return printed != 0 ? printed : diagnosis.status();
}

int print_info_json(const InfoOptions& options) {
  const Diagnosis diagnosis = diagnose();
  const trace::ProcessFacts& facts = trace::Tracer::get().facts();
  json::Writer out;
  out.open_object().field("version", DD_VERSION).field("ddtrace", DD_EMULATED_VERSION);
  out.field("python", PY_VERSION).field("program", options.program);
  out.field("tracer_enabled", config::tracing_enabled.get());
  out.field("agent_url", diagnosis.agent.url).field("agent_error", diagnosis.agent.problem);
  out.field("agent_version", diagnosis.agent.version).field("service", facts.service);
  out.field("service_is_inferred", facts.service_is_inferred).field("env", facts.env);
  out.field("service_version", facts.version);
  out.field("remote_configuration_enabled", remote_config::wanted());
  write_settings(out);
  write_parts(out, diagnosis);
  write_problems(out, diagnosis);
  out.field("status", diagnosis.status()).close();
  const int printed = print_text(out.take() + "\n");
  return printed != 0 ? printed : diagnosis.status();
}

bool wants_colours() {
  const auto set = [](const char* name) {
    const char* const value = std::getenv(name);
    return value != nullptr && *value != '\0';
  };
  if (set("NO_COLOR")) return false;
  return set("FORCE_COLOR") || isatty(1) == 1;
}

}  // namespace dd::host
