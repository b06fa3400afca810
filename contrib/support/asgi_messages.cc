// Messages of websockets. What the tracer's other languages agree on: a message that is received
// begins a trace of its own, which says in `_dd.dm.*` and a link which request it belongs to; what
// is sent goes on with the trace of the last one received.

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>

#include "contrib/support/asgi_request.h"
#include "contrib/support/integration.h"
#include "core/base/mutex.h"
#include "core/py/context.h"
#include "core/py/following.h"
#include "core/py/hook.h"
#include "core/py/method.h"
#include "core/trace/segment.h"
#include "core/trace/tags.h"
#include "core/tracing/live_span.h"

namespace dd::contrib {
namespace asgi_messages {
namespace {

using trace::Key;

Name kCode("code"), kContext("context"), kLinkSpan("link_span"), kReason("reason"), kText("text"),
    kType("type");

constexpr Key kMessageType("websocket.message.type"), kMessageLength("websocket.message.length"),
    kMessageFrames("websocket.message.frames"), kDurationStyle("websocket.duration.style"),
    kCloseCode("websocket.close.code"), kCloseReason("websocket.close.reason"),
    kInherited("_dd.dm.inherited"), kInheritedService("_dd.dm.service"),
    kInheritedResource("_dd.dm.resource");

// `parent` is empty for a trace of its own.
LiveSpan start(const AsgiRequest& request, std::string_view name, Handle parent) {
  const trace::Span& of = request.span.span();
  LiveSpan span = LiveSpan::start_under(parent, {.name = name,
                                                 .service = of.service.view(),
                                                 .resource = of.resource.view(),
                                                 .type = "websocket",
                                                 .activate = false});
  if (!request.source.empty()) span.span().set(tags::kServiceSource, request.source);
  return span;
}

Handle beginning(const AsgiRequest& request) {
  return settings().messages_apart ? Handle() : request.span.object();
}

void say_whose(const AsgiRequest& request, trace::Span& span, std::string_view kind) {
  span.set_static(tags::kComponent, request.facts->component);
  span.set_static(tags::kSpanKind, kind);
}

void tag_message(trace::Span& span, Handle message) {
  const Ref text = message.item(kText);
  if (text.is_str()) {
    span.set_static(kMessageType, "text");
    span.set(kMessageLength, static_cast<std::int64_t>(text.utf8().size()));
  }
  span.set(kMessageFrames, std::int64_t{1});
}

void tag_close(trace::Span& span, Handle message) {
  const Ref code = message.item(kCode), reason = message.item(kReason);
  if (code.is_int()) span.set(kCloseCode, static_cast<std::int64_t>(code.integer()));
  if (!reason.utf8().empty()) span.set(kCloseReason, reason.utf8());
}

// The decision about a trace, and where it came from.
void copy_decision(const trace::Span& from, trace::Span& to) {
  std::optional<int> priority;
  std::string origin, reason;
  {
    const base::MutexLock lock(from.segment->mutex);
    priority = from.segment->priority;
    origin = from.segment->origin;
    if (const std::string* found =
            trace::find_entry(from.segment->meta(), tags::kDecisionMaker.text))
      reason = *found;
  }
  if (priority) {
    const base::MutexLock lock(to.segment->mutex);
    to.segment->priority = priority;
  }
  if (!origin.empty()) to.set(tags::kOrigin, origin);
  if (!reason.empty()) to.set(tags::kDecisionMaker, reason);
}

void inherit(const trace::Span& from, trace::Span& to) {
  if (!settings().messages_apart || !settings().messages_inherit) return;
  to.set(kInherited, std::int64_t{1});
  to.set(kInheritedService, from.service.view());
  to.set(kInheritedResource, from.resource.view());
}

// Both ends know the request and count its messages: where it came with a trace, the link tells the
// other end's message.
std::string pointer(const AsgiRequest& request, char side, std::uint32_t count) {
  const trace::Span& span = request.span.span();
  char text[64];
  std::snprintf(text, sizeof text, "%c%016llx%016llx%016llx%08x", side,
                static_cast<unsigned long long>(span.segment->trace_id.high),
                static_cast<unsigned long long>(span.segment->trace_id.low),
                static_cast<unsigned long long>(span.id), count);
  return text;
}

void link(const LiveSpan& span, Handle to, Handle attributes) {
  (void)span.object().call_method(kLinkSpan, to.attr(kContext), attributes);
}

void link_request(const LiveSpan& span, const AsgiRequest& request, const char* kind, char side,
                  std::uint32_t count) {
  const Ref attributes = py::dict();
  const bool upwards = side == 'C';
  const trace::Span& of = request.span.span();
  const bool continues = of.parent_id != 0 && of.parent == nullptr;
  const auto put = [&](const char* name, std::string_view value) {
    (void)attributes.set_item(py::str(name), py::str(value));
  };
  if (!continues) {
    put("dd.kind", kind);
  } else {
    put("dd.kind", "span-pointer");
    put("ptr.kind", "websocket");
    put("ptr.dir", upwards ? "_SpanPointerDirection.UPSTREAM" : "_SpanPointerDirection.DOWNSTREAM");
    put("ptr.hash", pointer(request, side, count));
    put("link.name",
        upwards ? "_SpanPointerDirectionName.UPSTREAM" : "_SpanPointerDirectionName.DOWNSTREAM");
  }
  link(span, request.span.object(), attributes);
}

struct Receiving {
  Ref box;
  LiveSpan span;
};

void tell_disconnect(const AsgiRequest& request, const LiveSpan& receiving, Handle message) {
  const LiveSpan span = start(request, "websocket.close", beginning(request));
  if (!span) return;
  say_whose(request, span.span(), "consumer");
  tag_close(span.span(), message);
  copy_decision(receiving.span(), span.span());
  inherit(receiving.span(), span.span());
  const Ref attributes = py::dict();
  (void)attributes.set_item(py::str("dd.kind"), py::str("executed_by"));
  link(span, receiving.object(), attributes);
  span.finish();
}

void received(py::Outcome& outcome, py::Scope& scope) {
  Receiving* receiving = scope.get<Receiving>();
  AsgiRequest* request = receiving ? py::unboxed<AsgiRequest>(receiving->box) : nullptr;
  if (!request || !receiving->span) return;
  if (outcome.abandoned()) return receiving->span.forget();
  if (outcome.error) receiving->span.fail(outcome.error);
  const Ref type = outcome.result ? outcome.result.item(kType) : Ref();
  trace::Span& span = receiving->span.span();
  if (type.utf8() == "websocket.receive") {
    say_whose(*request, span, "consumer");
    span.set_static(kDurationStyle, "blocking");
    tag_message(span, outcome.result);
    if (settings().messages_apart) copy_decision(request->span.span(), span);
    inherit(request->span.span(), span);
    link_request(receiving->span, *request, "executed_by", 'C', ++request->messages_in);
    request->received = receiving->span.object().share();
  } else if (type.utf8() == "websocket.disconnect") {
    tell_disconnect(*request, receiving->span, outcome.result);
  }
  receiving->span.finish();
}

constexpr py::Watch kReceiving = {.end = received};

// self: (receive of the server, box of the request)
PyObject* receive(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* kwnames) {
  const Handle server = PyTuple_GET_ITEM(self, 0), box = PyTuple_GET_ITEM(self, 1);
  const AsgiRequest* request = py::unboxed<AsgiRequest>(box);
  py::Scope scope;
  if (request && request->span)
    scope.emplace<Receiving>(box.share(),
                             start(*request, "websocket.receive", beginning(*request)));
  Ref waits =
      Ref::steal(PyObject_Vectorcall(server.ptr(), args, static_cast<std::size_t>(count), kwnames));
  if (!waits || scope.empty()) return waits.release();
  if (Ref followed = py::follow(waits, py::Kind::kAwaitable, {kReceiving, nullptr, nullptr}, scope))
    return followed.release();
  return waits.release();
}

}  // namespace
}  // namespace asgi_messages

py::Ref receive_messages(py::Handle server, py::Handle box) {
  using namespace asgi_messages;
  static PyMethodDef definition = {"receive", py::method<asgi_messages::receive>,
                                   METH_FASTCALL | METH_KEYWORDS, nullptr};
  const Handle parts[] = {server, box};
  const Ref self = py::tuple(parts);
  return Ref::steal(PyCFunction_New(&definition, self.ptr()));
}

void tell_sent_message(AsgiRequest& request, py::Handle message) {
  using namespace asgi_messages;
  const Ref type = message.item(kType);
  if (type.utf8() == "websocket.accept") return request.finish();
  const bool closes = type.utf8() == "websocket.close";
  if (!closes && type.utf8() != "websocket.send") return;
  const bool apart = settings().messages_apart && request.received;
  const LiveSpan span = start(request, closes ? "websocket.close" : "websocket.send",
                              apart ? Handle(request.received) : request.span.object());
  if (!span) return;
  say_whose(request, span.span(), "producer");
  if (!request.peer.empty()) {
    span.span().set(tags::kOutHost, request.peer);
    span.span().set(tags::kNetworkClientIp, request.peer);
  }
  if (closes) {
    span.span().set(tags::kServiceSource, request.facts->component);
    tag_close(span.span(), message);
    copy_decision(request.span.span(), span.span());
  } else {
    tag_message(span.span(), message);
  }
  link_request(span, request, "resuming", 'S', ++request.messages_out);
  span.finish();
}

}  // namespace dd::contrib
