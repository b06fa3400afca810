// Every setting the reference knows (registry.tsv), whether this program reads it or not: for
// telling a misspelt name from a strange one, and for lists.

#pragma once

#include <span>
#include <string_view>

#include "core/base/kept_text.h"
#include "core/config/parse.h"

namespace dd::config {

extern const char registry_texts[];

struct KnownSetting {
  using Text = base::KeptText<registry_texts>;
  Text name, aliases;  // aliases: comma separated
  Text type, fallback, product, otel;
  bool secret, internal;
  bool remote;    // may change by remote configuration
  bool reported;  // told by telemetry, under its name
  bool stable;    // the reference takes it from the files of settings too; this program takes all
  bool unused;    // no source of this program names it (make_registry.py)
  Words words;    // of a boolean: what is true too
};

std::span<const KnownSetting> registry();  // sorted by name
// By name or alias; null when unknown.
const KnownSetting* find_known(std::string_view name);
// The known name that `name` was probably meant to be, or empty.
std::string_view nearest_known(std::string_view name);
// Insertions, deletions, replacements and swaps of neighbours between both; `most` + 1 when more.
int edits_between(std::string_view a, std::string_view b, int most);

}  // namespace dd::config
