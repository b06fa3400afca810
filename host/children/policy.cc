#include "host/children/policy.h"

#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "host/children/redirect.h"

namespace dd::host::children {
namespace {

constinit config::TextSetting python_children({.env = "DD_TRACE_PYTHON_CHILDREN"});
config::SettingBase* const kTable[] = {&python_children};

constinit bool inherited = false;

std::optional<Children> understood(std::string_view text) {
  for (const std::string_view no : {"none", "false", "0"})
    if (config::same_ignoring_case(text, no)) return Children::kNone;
  if (config::same_ignoring_case(text, "all")) return Children::kAll;
  if (config::same_ignoring_case(text, "direct")) return Children::kDirect;
  return std::nullopt;
}

}  // namespace

std::span<config::SettingBase* const> settings() { return kTable; }

void inherit_all() { inherited = true; }

void take_library() {
  const char* const value = std::getenv("LD_PRELOAD");
  const char* const rest = value == nullptr ? nullptr : without_library(value);
  if (rest == nullptr) return;
  inherit_all();
  if (*rest == 0)
    unsetenv("LD_PRELOAD");
  else
    setenv("LD_PRELOAD", std::string(rest).c_str(), 1);
}

Children policy() {
  const std::string_view text = config::trim(python_children.get());
  if (const auto said = understood(text)) return *said;
  return inherited ? Children::kAll : Children::kDirect;
}

Status follow() {
  if (const std::string_view text = config::trim(python_children.get());
      !text.empty() && !understood(text))
    config::warn_once("DD_TRACE_PYTHON_CHILDREN=" + std::string(text.substr(0, 100)) +
                      " is not understood; using " + (inherited ? "all" : "direct"));
  follow_children(policy());
  return {};
}

void follow_early() {
  config::load_environment(environ);
  config::resolve(settings());
  follow_children(policy());
}

}  // namespace dd::host::children
