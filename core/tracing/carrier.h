// Trace context between Python objects and headers: dictionaries, lists of pairs, WSGI environs.
// All functions need the GIL and raise nothing. Source: PROPAGATION.md.

#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/propagation/propagation.h"
#include "core/py/ref.h"

namespace dd::tracing {

using Headers = std::vector<std::pair<std::string, std::string>>;

// The headers of a Span or Context. Decides about sampling first when that is still open and the
// trace has its root here. Listeners may add to them, in `target` if there is one.
Headers headers_of(py::Handle span_or_context, py::Handle target = {});
// Writes them, one by one as they are made.
void inject(py::Handle span_or_context, propagation::Carrier& into);
// The object of a header's name: those of most are made once.
py::Ref name_of_header(std::string_view name);
// Writes them into a mapping.
void inject(py::Handle span_or_context, py::Handle headers);

// The text of the header `traceparent` of a span, after the same decision.
std::string traceparent(py::Handle span);

// A remote Context of what the headers carry: a mapping of texts or bytes with keys in any case or
// in WSGI's form, or a list of pairs. An empty Context when they carry nothing.
py::Ref extract(py::Handle headers);
// What a server goes on with: the Context of a request's headers, or empty when they carry nothing,
// or nothing new to a request inside another one of the same trace.
py::Ref continued(py::Handle headers);
// The same of traceparent and tracestate alone, whatever styles are configured.
py::Ref extract_tracecontext(py::Handle headers);
// Whether extract() found something to continue: a trace or baggage.
bool continues(py::Handle context);

}  // namespace dd::tracing
