#include "core/transport/serverless.h"

#include <unistd.h>

#include "core/config/setting.h"

namespace dd::transport {
namespace {

bool is_set(const char* name) {
  const auto value = config::variable(name);
  return value && !value->empty();
}

}  // namespace

bool in_lambda() { return is_set("AWS_LAMBDA_FUNCTION_NAME"); }
bool in_google_function() {
  return (is_set("FUNCTION_NAME") && is_set("GCP_PROJECT")) ||
         (is_set("K_SERVICE") && is_set("FUNCTION_TARGET"));
}
bool in_azure_function() {
  return is_set("FUNCTIONS_WORKER_RUNTIME") && is_set("FUNCTIONS_EXTENSION_VERSION");
}
bool has_lambda_extension() { return access("/opt/extensions/datadog-agent", F_OK) == 0; }

bool sends_at_once() {
  return (in_lambda() && has_lambda_extension()) || in_google_function() || in_azure_function();
}

}  // namespace dd::transport
