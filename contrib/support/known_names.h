// Name, service and source of spans that are called alike for as long as the settings stay: found
// once, in prepare(), instead of in each call.
//
//     knobs = new Knobs{.names = known_client({"redis.command", "redis.command"}, question)};
//
// What they hold lives for ever. GIL held.

#pragma once

#include "contrib/rules/naming.h"
#include "core/trace/text.h"

namespace dd::contrib {

class Settings;

struct KnownNames {
  trace::Text name, service, source;
  // Of a mapped service: the source of what it was mapped from. Without data for others.
  trace::Text before;
};

// Of work of others: Naming::of_client().
KnownNames known_client(const Settings& from, const Operation& names, const NameQuestion& question);

}  // namespace dd::contrib
