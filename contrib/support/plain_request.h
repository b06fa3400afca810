// Requests of servers that speak neither WSGI nor ASGI: what they are is put together first, and
// then told like that of any other.
//
// GIL held; nothing here raises.

#pragma once

#include <string>

#include "core/py/ref.h"
#include "core/tracing/live_span.h"

namespace dd::contrib {

struct PlainRequest {
  std::string method, url;
  py::Ref headers;   // a dict of texts
  std::string peer;  // the address of who asks; empty: client addresses are not told
};

// A dict of what any mapping holds.
py::Ref plain_headers(py::Handle mapping);

// The span of a request, which continues the trace of its headers when `continues`.
tracing::LiveSpan start_plain_request(const PlainRequest& request, bool continues,
                                      const tracing::SpanStart& start);
// Method, URL, user agent, referrer, wanted headers, the client's address.
void tag_plain_request(trace::Span& span, const PlainRequest& request);
// The headers of the answer, a mapping, that are wanted as tags.
void tag_plain_answer(trace::Span& span, py::Handle headers);

}  // namespace dd::contrib
