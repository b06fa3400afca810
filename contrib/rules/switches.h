// Which integrations are on. The strongest word first:
//
//   patch(requests=True) or DD_PATCH_MODULES="requests:true"
//   DD_TRACE_REQUESTS_ENABLED
//   the integration's default
//
// Immutable; any thread. Source: BOOTSTRAP.md section 5.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dd::contrib {

// "google-cloud" -> "DD_TRACE_GOOGLE_CLOUD_ENABLED".
std::string switch_variable(std::string_view integration);

// "1" and "true", in any case, are yes; all else is no.
bool means_yes(std::string_view text);

class Switches {
 public:
  // `patch_modules` is DD_PATCH_MODULES: "a:true,b:false". Pieces without a colon are left out.
  explicit Switches(std::string_view patch_modules);

  // `argument`: what the code asked for; `variable`: the text of its DD_TRACE_..._ENABLED.
  bool on(std::string_view integration, bool by_default, std::optional<bool> argument,
          std::optional<std::string_view> variable) const;

 private:
  std::vector<std::pair<std::string, bool>> listed_;
};

}  // namespace dd::contrib
