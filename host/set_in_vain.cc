#include "host/set_in_vain.h"

#include <utility>

#include "contrib/registry.h"
#include "contrib/rules/switches.h"
#include "core/config/core_settings.h"
#include "core/config/explain.h"
#include "core/config/parse.h"
#include "core/config/registry.h"
#include "core/config/setting.h"

namespace dd::host {
namespace {

enum class TurnedOn { kByYes, kByAnyWord };
struct Missing {
  std::string_view name, variable;
  TurnedOn by = TurnedOn::kByYes;
};
constexpr Missing kMissing[] = {
    {"application security", "DD_APPSEC_ENABLED"},
    {"code security (IAST)", "DD_IAST_ENABLED"},
    {"software composition analysis", "DD_APPSEC_SCA_ENABLED"},
    {"profiling", "DD_PROFILING_ENABLED"},
    {"dynamic instrumentation", "DD_DYNAMIC_INSTRUMENTATION_ENABLED"},
    {"live debugging", "DD_LIVE_DEBUGGING_ENABLED"},
    {"exception replay", "DD_EXCEPTION_REPLAY_ENABLED"},
    {"error tracking of handled errors", "DD_ERROR_TRACKING_HANDLED_ERRORS", TurnedOn::kByAnyWord},
    {"LLM observability", "DD_LLMOBS_ENABLED"},
    {"data streams monitoring", "DD_DATA_STREAMS_ENABLED"},
    {"AI Guard", "DD_AI_GUARD_ENABLED"},
    {"feature flags", "DD_EXPERIMENTAL_FLAGGING_PROVIDER_ENABLED"},
};

bool turns_on(const Missing& product, std::string_view text) {
  return product.by == TurnedOn::kByAnyWord ? !text.empty()
                                            : *config::parse_flag(text, config::Words::kYes);
}

void add_products(std::vector<SetInVain>& out) {
  for (const Missing& product : kMissing) {
    if (!config::variable(product.variable)) continue;
    const config::Explained said = config::explain(product.variable);
    if (said.held.empty() || !turns_on(product, said.held.back().text)) continue;
    const config::Held& held = said.held.back();
    out.push_back({held.name + "=" + held.text + " (" +
                       std::string(config::origin_in_words(held.origin)) + "): there is no " +
                       std::string(product.name) + " in this program yet",
                   "leave it out, or run this program under ddtrace-run of dd-trace-py"});
  }
}

// Whether the reference has an integration of this name.
bool is_known_elsewhere(std::string_view integration) {
  return config::find_known(contrib::switch_variable(integration)) != nullptr;
}

void add_integrations(std::vector<SetInVain>& out) {
  const std::string variable = std::string(config::patch_modules.spec().env);
  for (const std::string& piece : config::parse_list(config::patch_modules.get())) {
    const std::size_t colon = piece.find(':');
    const std::string name(config::trim(std::string_view(piece).substr(0, colon)));
    if (colon == piece.npos)
      out.push_back({variable + ": " + piece + " has no effect", "write " + piece + ":true"});
    else if (contrib::find_integration(name) != nullptr)
      continue;
    else if (!is_known_elsewhere(name))
      out.push_back({variable + ": " + name + " is not an integration",
                     "see docs/integrations.md for their names"});
    else if (*config::parse_bool(config::trim(std::string_view(piece).substr(colon + 1))))
      out.push_back({variable + ": there is no integration of " + name + " in this program yet",
                     "leave it out, or run this program under ddtrace-run of dd-trace-py"});
  }
}

}  // namespace

std::vector<SetInVain> set_in_vain() {
  std::vector<SetInVain> out;
  add_products(out);
  add_integrations(out);
  return out;
}

void warn_about_what_is_set_in_vain() {
  for (SetInVain& one : set_in_vain()) config::warn_once(std::move(one.what));
}

std::vector<std::string_view> missing_products() {
  std::vector<std::string_view> out;
  for (const Missing& product : kMissing) out.push_back(product.name);
  return out;
}

}  // namespace dd::host
