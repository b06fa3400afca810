// A request of the ASGI engine while it runs. Of the engine's own files only.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "contrib/support/asgi.h"
#include "core/py/ref.h"
#include "core/tracing/live_span.h"

namespace dd::contrib {

struct AsgiRequest {
  const AsgiFacts* facts;
  const AsgiKnobs* knobs;
  py::Ref scope;       // until it begins
  PyObject* identity;  // of the scope, for comparing
  py::Ref path;
  tracing::LiveSpan span;
  py::Ref outer;  // the request this one is mounted in
  std::string method, route;
  std::string mounted;  // the path it is mounted at, when its own path does not begin with that
  PyObject* finder = nullptr;  // of the last part of the route, for comparing
  std::string source;
  bool says_error = false;   // an exception may follow the answer
  py::Ref headers_of_error;  // of that answer

  bool is_websocket = false;
  std::string peer;  // of a websocket: the client's address
  py::Ref received;  // the Span of the last message
  std::uint32_t messages_in = 0, messages_out = 0;

  void finish() const {
    if (span.open()) span.finish();
  }
};

// --- asgi_messages.cc: what a websocket receives and sends, each message with a span ------------

// In the place of the server's receive and send; `box` holds the AsgiRequest. Empty only when
// memory ran out.
py::Ref receive_messages(py::Handle server, py::Handle box);
// Before the server sends `message`.
void tell_sent_message(AsgiRequest& request, py::Handle message);

}  // namespace dd::contrib
