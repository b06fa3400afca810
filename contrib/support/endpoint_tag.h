// `http.endpoint` of requests: the shape of the path where no route is known, or always
// (DD_TRACE_RESOURCE_RENAMING_ENABLED, DD_TRACE_RESOURCE_RENAMING_ALWAYS_SIMPLIFIED_ENDPOINT). Of
// every span of a request that is the first of its service, whoever made it.

#pragma once

namespace dd::contrib {

class Settings;

// From here on; does nothing when nobody wants them.
void tell_endpoints(const Settings& settings);

}  // namespace dd::contrib
