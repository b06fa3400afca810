// subprocess: children are watched for security products only; no spans otherwise.

#include "contrib/support/integration.h"

namespace dd::contrib::subprocess {
namespace {

constexpr const char* kModules[] = {"subprocess"};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "subprocess", .modules = kModules};

}  // namespace dd::contrib::subprocess
