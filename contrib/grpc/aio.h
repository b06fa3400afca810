// grpc's asynchronous half: part of the same integration.

#pragma once

#include "contrib/rules/settings.h"
#include "core/py/hook.h"

namespace dd::contrib::grpc::aio {

extern const py::Target kTargets[7];
void prepare(const Settings& from);

}  // namespace dd::contrib::grpc::aio
