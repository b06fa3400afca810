// Every integration, and what became of it.
//
// start() watches the imports that trigger the integrations that are on; each is prepared and
// applied when its library has been imported, at once when it already is. Calls of the
// application's code (patch(), unpatch()) come in between, at any time. All of it needs the GIL.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "contrib/support/integration.h"
#include "core/base/status.h"

namespace dd::contrib {

// Once a process. `settings` is kept. Not `automatic`: only what patch() asks for is hooked.
void start(const Settings* settings, bool automatic = true);

// Switches one on whatever the settings say, now or when its library is imported. Fails for a name
// that is not in the table, and when the library is there and lacks what is to be hooked.
Status patch(std::string_view name);
// Puts the library back as it was, and leaves it alone from now on.
Status unpatch(std::string_view name);

// What `variable` (DD_REQUESTS_SERVICE) says: the code's word first, then where settings come from.
std::optional<std::string> setting(std::string_view variable);
// The code's word for variables, or nullopt to take it back. Holds from the next call on.
using Changes = std::vector<std::pair<std::string, std::optional<std::string>>>;
void change_settings(const Changes& changes);
// The name of the process has changed.
void rename_process(ProcessName name);

// Null for a name that is not in the table.
const Integration* find_integration(std::string_view name);

struct IntegrationState {
  std::string_view name;
  bool on;                   // wanted
  bool triggered;            // its library has been imported
  bool applied;              // hooked
  std::string_view trouble;  // why not, or what is missing; empty when all is well
};
// Calls `see` for each integration in the order of the table.
void each_integration(void (*see)(const IntegrationState&, void* context), void* context);

// The same without a running interpreter: what start() with these settings would switch on.
void each_choice(const Settings& settings,
                 void (*see)(std::string_view name, bool on, void* context), void* context);

}  // namespace dd::contrib
