#include "host/diagnosis.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>

#include "contrib/registry.h"
#include "core/base/clock.h"
#include "core/config/core_settings.h"
#include "core/config/explain.h"
#include "core/config/parse.h"
#include "core/json/json.h"
#include "core/remote_config/remote_config.h"
#include "core/sampling/sampling.h"
#include "core/trace/tracer.h"
#include "core/transport/agent_sink.h"
#include "core/transport/connection.h"
#include "core/transport/intake_sink.h"
#include "host/set_in_vain.h"
#include "host/trace_setup.h"

namespace dd::host {
namespace {

constexpr std::int64_t kPatienceNs = 2'000'000'000;

std::string written(const config::Held& held) {
  return held.name + "=" + held.text + " (" + std::string(config::origin_in_words(held.origin)) +
         ")";
}

std::string why_not_traced() {
  const std::vector<config::Held> held = config::explain("DD_TRACE_ENABLED").held;
  return held.empty() ? "tracing is off" : written(held.back());
}

// Why an integration is on or off: the list of all, its own switch, or nobody said anything.
std::string reason(std::string_view name) {
  const auto listed = config::explain("DD_PATCH_MODULES");
  if (!listed.held.empty())
    for (const auto& [module, wanted] : config::parse_pairs(listed.held.back().text))
      if (module == name) return "DD_PATCH_MODULES=" + std::string(name) + ":" + wanted;
  std::string variable = "DD_TRACE_" + std::string(name) + "_ENABLED";
  for (char& c : variable)
    c = c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  for (const config::Origin origin :
       {config::Origin::kFleetFile, config::Origin::kEnvironment, config::Origin::kLocalFile})
    if (const auto text = config::variable_from(origin, variable))
      return written({origin, variable, std::string(*text)});
  return "default";
}

void add_integrations(Diagnosis& out) {
  const bool tracing = config::tracing_enabled.get();
  contrib::each_choice(
      integration_settings(),
      [](std::string_view name, bool on, void* context) {
        Part part{name, on, reason(name)};
        static_cast<std::vector<Part>*>(context)->push_back(std::move(part));
      },
      &out.integrations);
  if (tracing) return;
  const std::string why = why_not_traced();
  for (Part& part : out.integrations) {
    if (!part.on) continue;
    part.on = false;
    part.why = why;
  }
}

void complain_about_settings(Diagnosis& out) {
  for (std::string& line : config::complaints_about_values())
    out.problems.push_back({false, std::move(line), "correct it, or leave it out"});
  for (std::string& line : config::complaints_about_names())
    out.problems.push_back({false, std::move(line), "correct the name, or leave it out"});
  for (SetInVain& one : set_in_vain())
    out.problems.push_back({false, std::move(one.what), std::move(one.remedy)});
}

void complain_about_rules(Diagnosis& out) {
  std::vector<std::string> problems;
  const auto complain = [&](std::string_view name) {
    for (const std::string& problem : std::exchange(problems, {}))
      out.problems.push_back(
          {false, std::string(name) + ": " + problem,
           R"(write a list of rules, [{"service": "web", "sample_rate": 0.5}], or leave it out)"});
  };
  (void)sampling::parse_rules(config::sampling_rules.get(), &problems);
  complain("DD_TRACE_SAMPLING_RULES");
  (void)sampling::parse_span_rules(config::span_sampling_rules.get(), &problems);
  complain("DD_SPAN_SAMPLING_RULES");
}

void complain_about_names(Diagnosis& out) {
  const trace::ProcessFacts& facts = trace::Tracer::get().facts();
  const std::pair<std::string_view, bool> kFacts[] = {
      {"SERVICE", facts.service.empty() || facts.service_is_inferred},
      {"ENV", facts.env.empty()},
      {"VERSION", facts.version.empty()}};
  for (const auto& [name, missing] : kFacts)
    if (missing)
      out.problems.push_back({false, std::string(name) + " is not set",
                              "set DD_" + std::string(name) + ": traces are found by it"});
}

void complain_about_agent(Diagnosis& out) {
  const Agent& agent = out.agent;
  if (!agent.problem.empty()) {
    out.problems.push_back(
        {config::tracing_enabled.get(), agent.problem,
         "start a Datadog agent there, or name its place in DD_TRACE_AGENT_URL; --dd-local prints "
         "traces without one, DD_TRACE_ENABLED=false stops them"});
  } else if (!agent.configures && remote_config::wanted()) {
    out.problems.push_back({false, "the agent does not answer remote configuration",
                            "switch it on there (remote_configuration.enabled), or set "
                            "DD_REMOTE_CONFIGURATION_ENABLED=false here"});
  }
}

}  // namespace

Agent ask_agent(const std::string& url) {
  Agent agent{.url = url};
  const Result<transport::Address> address = transport::parse_agent_url(url);
  if (!address.ok()) {
    agent.problem = address.status().message();
    return agent;
  }
  const auto connection = transport::make_connection(address.value());
  connection->start({.method = "GET", .target = "/info"}, base::monotonic_ns() + kPatienceNs);
  if (transport::perform(*connection) != transport::Progress::kDone) {
    agent.problem = "Agent not reachable at " + url;
    return agent;
  }
  const std::optional<json::Value> info = json::parse(connection->response().body);
  if (!info) return agent;
  agent.version = std::string((*info)["version"].text());
  const std::vector<json::Value>& endpoints = (*info)["endpoints"].items();
  agent.configures =
      endpoints.empty() || std::ranges::any_of(endpoints, [](const json::Value& one) {
        return one.text() == "/v0.7/config";
      });
  return agent;
}

int Diagnosis::status() const {
  if (std::ranges::any_of(problems, &Problem::serious)) return 2;
  return problems.empty() ? 0 : 1;
}

Diagnosis diagnose() {
  Diagnosis out;
  if (transport::intake::wanted())
    out.agent.url = transport::intake::url();
  else
    out.agent = ask_agent(transport::agent_sink::agent_url());
  if (transport::intake::lacks_key())
    out.problems.push_back({false, "DD_AGENTLESS_ENABLED needs DD_API_KEY; traces go to the agent",
                            "set DD_API_KEY, or leave DD_AGENTLESS_ENABLED out"});
  complain_about_agent(out);
  out.missing = missing_products();
  add_integrations(out);
  complain_about_settings(out);
  complain_about_rules(out);
  complain_about_names(out);
  return out;
}

}  // namespace dd::host
