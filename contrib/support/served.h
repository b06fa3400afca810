// What an application serves, for telemetry (app-endpoints): read from its routes, once.

#pragma once

#include "core/py/ref.h"

namespace dd::contrib {

// Of an application of Starlette or FastAPI, those of what is mounted below it too. Does nothing
// for one that was told of before. GIL held.
void tell_routes(py::Handle application);

// Of the root URLconf, which Django must have loaded. Once.
void tell_django_urls();

}  // namespace dd::contrib
