// Shared engine of frameworks that speak WSGI: the request from its environ to the end of its body.
//
//   <name>.request       from the call of the application until the body is closed
//     <name>.application from the call until the application returned
//     <name>.response    from there until the body is closed
//
// GIL held; nothing here raises.

#pragma once

#include <string>
#include <string_view>

#include "contrib/rules/settings.h"
#include "contrib/support/inferred_span.h"
#include "core/py/hook.h"
#include "core/tracing/live_span.h"

namespace dd::contrib {

struct WebServerFacts {        // of a framework, immutable
  std::string_view component;  // "flask"
  Operation request;           // "flask.request"
  std::string_view application, response;
  TellsStatus tells_front = TellsStatus::kAlways;
};

// Hooks a WSGI callable `(environ, start_response)`; environ is argument `first`. The span of the
// request, which continues the trace of the headers; null when there is none.
trace::Span* start_wsgi_request(py::Call& call, py::Scope& scope, const WebServerFacts& facts,
                                std::string_view own_service, int first = 0, bool continues = true);
void finish_wsgi_request(py::Outcome& outcome, py::Scope& scope, const WebServerFacts& facts);

// --- frameworks whose requests are one span ---------------------------------------------------

struct WebRequestFacts {       // of a framework, immutable
  std::string_view component;  // "bottle": also its service of schema v0
  Operation request;           // "bottle.request"
  bool keeps_service = false;  // schema v0: whatever the process and the user say
};

// The span of a request for who tags it itself: start_request() with the headers of an environ.
tracing::LiveSpan start_wsgi_span(py::Handle environ, py::Handle continued,
                                  const tracing::SpanStart& start);
// The span of a request, which continues the trace of the headers when `continues`; empty when
// tracing is off. A DD_<NAME>_SERVICE is not asked for: the reference does not either.
tracing::LiveSpan start_web_request(const WebRequestFacts& facts, py::Handle environ,
                                    bool continues = true);
// The headers of the answer, a list of pairs, that are wanted as tags.
void tag_answer_headers(trace::Span& span, py::Handle headers);
// For a hook of a WSGI callable `(environ, start_response)` with a span of start_web_request():
// what the server is told becomes tags of it. From there the span ends with the scope.
void hear_answer(py::Call& call, py::Scope& scope, tracing::LiveSpan&& span);
tracing::LiveSpan* heard_request(py::Scope& scope);  // null when there is none

// What the environ of a request says about it, for frameworks that start the span themselves.
void tag_wsgi_request(trace::Span& span, py::Handle environ);
// The status of an answer, and whether it tells of an error.
void tag_http_status(trace::Span& span, int status);

// The spans of the request around what is active now, or null: for what is learnt while it runs.
struct RequestSpans {
  trace::Span *request = nullptr, *application = nullptr;
};
RequestSpans current_request(const WebServerFacts& facts);

}  // namespace dd::contrib
