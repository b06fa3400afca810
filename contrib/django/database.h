// The statements of Django's databases. Where the driver makes their spans, those say which database
// of Django's they are for; where it does not, Django has spans of its own.

#pragma once

#include <span>

#include "contrib/support/integration.h"

namespace dd::contrib::django::database {

void prepare(const Settings& from, bool by_default);
bool wanted();

extern const std::span<const py::Target> kTargets;
// Wanted or not: SQLite gets statements whose placeholders Django has changed.
extern const std::span<const py::Target> kSqliteTargets;

}  // namespace dd::contrib::django::database
