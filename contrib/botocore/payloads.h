// What calls of Amazon's API say and answer, as tags: "aws.request.body.Key.w.S".
//
// Only where DD_TRACE_CLOUD_REQUEST_PAYLOAD_TAGGING or ..._RESPONSE_... is set: to "all", or to
// paths (contrib/rules/json_path.h) of what else is not to be shown. Secrets that the API is known
// to have never are. GIL held; nothing here raises.

#pragma once

#include <string_view>

#include "contrib/rules/settings.h"
#include "core/py/ref.h"
#include "core/trace/span.h"

namespace dd::contrib::botocore {

struct PayloadRules;
// Null when no payload is wanted. Lives for ever.
const PayloadRules* payload_rules(const Settings& settings);

void tag_request(trace::Span& span, const PayloadRules& rules, std::string_view endpoint,
                 py::Handle parameters);
void tag_response(trace::Span& span, const PayloadRules& rules, std::string_view endpoint,
                  py::Handle answer);

}  // namespace dd::contrib::botocore
