// grpc's asynchronous half, clients and servers: part of the same integration.

#pragma once

#include "contrib/rules/settings.h"
#include "core/py/hook.h"

namespace dd::contrib::grpc::aio {

extern const py::Target kClientTargets[5];
extern const py::Target kServerTargets[2];
void prepare_clients(const Settings& from);
void prepare_servers(const Settings& from);

}  // namespace dd::contrib::grpc::aio
