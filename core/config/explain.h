// What is set, where it comes from, and what is wrong with it: for people, in words.
//
// Every setting of the registry is looked at, whether this program reads it or not. After the
// environment is loaded and the settings are resolved; any thread.

#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/registry.h"
#include "core/config/setting.h"

namespace dd::config {

struct Held {
  Origin origin;
  std::string
      name;  // the variable that says so: the setting's own, an older one or OpenTelemetry's
  std::string text;  // as it is understood; "***" for a secret
};

struct Explained {
  std::string_view name;
  std::vector<Held> held;  // weakest first, without the default; the last is in force
  bool unused;             // no code of this program looks at it
};

// Of one setting; empty `held` when it has its default. A value that is not understood is not held.
Explained explain(std::string_view name);
// Those that have another value than their default, by name.
std::vector<Explained> settings_not_default();

// What the type of a setting does not say of a text: what is used in its place; nullopt when it can
// be used. Asked about texts that are of the type and not empty.
struct Check {
  std::string_view name;
  std::optional<std::string> (*instead)(std::string_view text);
};
// Of other libraries, besides the few of this one.
// Once, before anything is complained about.
void also_check(std::span<const Check> checks);

// "local file", "environment", ...
std::string_view origin_in_words(Origin origin);

// A line for each value that is not understood, with what is used in its place.
std::vector<std::string> complaints_about_values();
// A line for each variable DD_* of the environment that is unknown but looks like a known one.
std::vector<std::string> complaints_about_names();
// Variables DD_* that are unknown and like none: another program's, or an error nobody can guess.
std::vector<std::string> unknown_names();
// The first two, written for the user, each once in the life of the process. Those that are like
// none only with DD_TRACE_DEBUG: a machine may have settings of other programs.
void warn_about_settings();

}  // namespace dd::config
