#include "core/config/serverless.h"

#include <unistd.h>

#include "core/config/setting.h"

namespace dd::config {
namespace {

bool is_set(const char* name) {
  const auto value = variable(name);
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

std::string function_name() {
  const auto first_of = [](const char* one, const char* other) {
    const auto value = variable(one);
    return std::string(value && !value->empty() ? *value : variable(other).value_or(""));
  };
  if (in_lambda()) return std::string(*variable("AWS_LAMBDA_FUNCTION_NAME"));
  if (in_google_function()) return first_of("K_SERVICE", "FUNCTION_NAME");
  return in_azure_function() ? std::string(variable("WEBSITE_SITE_NAME").value_or("")) : "";
}

bool sends_at_once() {
  return (in_lambda() && has_lambda_extension()) || in_google_function() || in_azure_function();
}

}  // namespace dd::config
