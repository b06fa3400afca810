#include "contrib/rules/switches.h"

namespace dd::contrib {
namespace {

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c; }

std::string_view stripped(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::string switch_variable(std::string_view integration) {
  std::string out = "DD_TRACE_";
  for (const char c : integration) out.push_back(c == '-' ? '_' : upper(c));
  return out.append("_ENABLED");
}

bool means_yes(std::string_view text) {
  if (text == "1") return true;
  constexpr std::string_view kTrue = "TRUE";
  if (text.size() != kTrue.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (upper(text[i]) != kTrue[i]) return false;
  }
  return true;
}

Switches::Switches(std::string_view patch_modules) {
  while (!patch_modules.empty()) {
    const auto comma = patch_modules.find(',');
    const std::string_view piece = patch_modules.substr(0, comma);
    patch_modules =
        comma == std::string_view::npos ? std::string_view() : patch_modules.substr(comma + 1);
    const auto colon = piece.find(':');
    if (colon == std::string_view::npos) continue;
    listed_.emplace_back(stripped(piece.substr(0, colon)),
                         means_yes(stripped(piece.substr(colon + 1))));
  }
}

bool Switches::on(std::string_view integration, bool by_default, std::optional<bool> argument,
                  std::optional<std::string_view> variable) const {
  if (argument) return *argument;
  // The last word counts when a name is listed twice.
  for (auto row = listed_.rbegin(); row != listed_.rend(); ++row) {
    if (row->first == integration) return row->second;
  }
  return variable ? means_yes(*variable) : by_default;
}

}  // namespace dd::contrib
