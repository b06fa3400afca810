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
};

struct HttpClientKnobs {  // of a library, from its settings
  std::string own_service;
  bool injects = true;
  bool by_domain = false;
};
HttpClientKnobs http_client_knobs(const Settings& settings, std::string_view section);

struct HttpClientRequest {
  std::string_view method, url;
  py::Handle headers;      // what is sent: a mapping; context is written into it when it may be
  bool may_inject = true;  // false: a client above has done it
  std::string_view retries_remain{};
  py::Handle client{};  // session, client or pool: its pin is asked
  bool waits = false;   // a coroutine: begin_step() is its target's `begin`
};

void start_http_client(py::Scope& scope, const HttpClientFacts& facts, const HttpClientKnobs& knobs,
                       const HttpClientRequest& request);

struct HttpClientResponse {
  int status = 0;  // 0: none
  std::string_view reason{};
  py::Handle headers{};
};
void finish_http_client(const py::Outcome& outcome, py::Scope& scope,
                        const HttpClientResponse& response);

// While a scope lives that called this, clients below the active span leave the headers alone. It
// does nothing when that span is not of `component`: then nobody has written any.
void suppress_inner_injection(py::Scope& scope, std::string_view component);
bool inner_injection_suppressed();

}  // namespace dd::contrib
