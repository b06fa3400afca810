// What httpx and httpx2 share: their clients' send(), and how its request and answer are read.
//
// GIL held; nothing here raises.

#pragma once

#include <array>

#include "contrib/support/http_client.h"
#include "contrib/support/step.h"

namespace dd::contrib {

constexpr HttpClientFacts httpx_facts(std::string_view component) {
  return {.component = component,
          .operation = {"http.request", "http.client.request"},
          .inherits_service = true,
          .inherited_source = component};
}

struct HttpxLibrary {  // data of a target
  HttpClientFacts facts;
  const HttpClientKnobs* const* knobs;
  bool waits = false;  // of an asynchronous client: begin_step() is its target's `begin`
};

void enter_httpx_send(py::Call& call, py::Scope& scope);
void leave_httpx_send(py::Outcome& outcome, py::Scope& scope);

// send() of the client, and of the asynchronous one.
constexpr std::array<py::Target, 2> httpx_targets(const char* send, const HttpxLibrary& library,
                                                  const char* async_send,
                                                  const HttpxLibrary& async_library) {
  return {{{.where = send, .enter = enter_httpx_send, .leave = leave_httpx_send, .data = &library},
           {.where = async_send,
            .enter = enter_httpx_send,
            .leave = leave_httpx_send,
            .kind = py::Kind::kAwaitable,
            .data = &async_library,
            .begin = begin_step}}};
}

}  // namespace dd::contrib
