// Shared engine of every HTTP client: one span and one header writer a request.
//
// GIL held; nothing here raises.

#pragma once

#include <string>
#include <string_view>

#include "contrib/rules/settings.h"
#include "core/py/hook.h"
#include "core/tracing/live_span.h"

namespace dd::contrib {

struct HttpClientFacts {       // of a library, immutable
  std::string_view component;  // "requests"
  std::string_view service{};  // of schema v0; empty: the process'
  Operation operation;
  bool measured = true;
  bool resource_is_path = false;  // "GET /path"; else the operation
  bool tells_server_address = false;
  bool inherits_service = false;        // the parent's, unless settings name one
  std::string_view inherited_source{};  // _dd.svc_src then; empty: as spans of a trace have it
  bool domain_without_port = false;
  bool tells_user_agent = true;
  bool method_as_given = false;  // else in upper case
};

struct HttpClientKnobs {  // of a library, from its settings
  std::string own_service;
  bool injects = true;
  bool by_domain = false;
};
HttpClientKnobs http_client_knobs(const Settings& settings, std::string_view section);

struct HttpClientRequest {
  std::string_view method, url;
  std::string_view host{};  // who is spoken to: a proxy; empty: who the URL names
  py::Handle headers;       // what is sent: a mapping; context is written into it when it may be
  py::Handle user_agent{};  // empty: what `headers` says
  bool may_inject = true;   // false: a client above has done it
  bool later = false;       // the headers are written by send_headers()
  std::string_view retries_remain{};
  py::Handle client{};  // session, client or pool: its pin is asked
  bool waits = false;   // a coroutine: begin_step() is its target's `begin`
};

void start_http_client(py::Scope& scope, const HttpClientFacts& facts, const HttpClientKnobs& knobs,
                       const HttpClientRequest& request);

// The tags that settings ask for; start_http_client() does it.
void tag_sent_headers(trace::Span& span, py::Handle headers);

struct HttpClientResponse {
  int status = 0;  // 0: none
  std::string_view reason{};
  py::Handle headers{};
};
void tag_response(trace::Span& span, const HttpClientResponse& response);
void finish_http_client(const py::Outcome& outcome, py::Scope& scope,
                        const HttpClientResponse& response);

// What is below a client sends: writes the headers that are still to be written, into the mapping
// or, where it is known what becomes of that, straight into the connection (wire_headers.h). While
// the scope lives, clients below leave the headers alone. Nothing happens when the active span is
// not of `component`: then nobody above writes any.
struct HeadersToSend {
  py::Handle headers;
  py::Handle stored{};  // what the mapping keeps: lower-case name -> (name, value); empty: unknown
};
void send_headers(py::Scope& scope, std::string_view component, const HeadersToSend& what);
// It has been sent: the headers are in the mapping from here on.
void headers_sent(py::Scope& scope);
bool inner_injection_suppressed();

}  // namespace dd::contrib
