// The statements of Django's databases. Where the driver makes their spans, those say which
// database of Django's they are for; where it does not, Django has spans of its own.

#pragma once

#include "contrib/support/integration.h"

namespace dd::contrib::django::database {

void prepare(const Settings& from, bool by_default);
bool wanted();

extern const py::Target kTargets[5];
// Wanted or not: SQLite gets statements whose placeholders Django has changed.
extern const py::Target kSqliteTargets[2];

}  // namespace dd::contrib::django::database
