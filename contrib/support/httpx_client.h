// What httpx and httpx2 share: their clients' send(), and how its request and answer are read.
//
// GIL held; nothing here raises.

#pragma once

#include "contrib/support/http_client.h"

namespace dd::contrib {

struct HttpxLibrary {  // data of a target
  const HttpClientFacts* facts;
  const HttpClientKnobs* const* knobs;
  bool waits = false;  // of an asynchronous client: begin_step() is its target's `begin`
};

void enter_httpx_send(py::Call& call, py::Scope& scope);
void leave_httpx_send(py::Outcome& outcome, py::Scope& scope);

}  // namespace dd::contrib
