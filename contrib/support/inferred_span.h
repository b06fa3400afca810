// The span of what stood in front of this process and passed a request on, as its headers tell: a
// gateway (`x-dd-proxy`) or a subscription of Pub/Sub that pushes. Only when
// DD_TRACE_INFERRED_PROXY_SERVICES_ENABLED says so.
//
// Source: engines.md section 4. GIL held; nothing here raises.

#pragma once

#include "core/http/client_ip.h"
#include "core/py/ref.h"
#include "core/tracing/live_span.h"

namespace dd::contrib {

// When the span in front is told the status of the answer.
enum class TellsStatus : unsigned char { kAlways, kWithError };

// The span of a request: below the one in front of it when there is one, which ends together with
// it, else below the remote context `continued`, else below what is active.
tracing::LiveSpan start_request(const http::HeaderReader& headers, py::Handle continued,
                                const tracing::SpanStart& start,
                                TellsStatus tells = TellsStatus::kAlways);

}  // namespace dd::contrib
