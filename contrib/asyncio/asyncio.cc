// asyncio: tasks and callbacks continue the trace of who made them. Python does so by itself: they
// run in a copy of their maker's context, which holds what is active.

#include "contrib/support/integration.h"

namespace dd::contrib::asyncio {
namespace {

constexpr const char* kModules[] = {"asyncio"};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "asyncio", .modules = kModules};

}  // namespace dd::contrib::asyncio
