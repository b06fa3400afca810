// Which cloud function this process is, told from its environment. Source: WRITER.md section 1.

#pragma once

#include <string>

namespace dd::config {

bool in_lambda();
bool in_google_function();
bool in_azure_function();
// How the cloud calls it; empty: it is none, or nobody says.
std::string function_name();
bool has_lambda_extension();  // the agent beside a Lambda function
// The process may be frozen as soon as the application has answered: what is finished is sent at
// once, and waited for.
bool sends_at_once();

}  // namespace dd::config
