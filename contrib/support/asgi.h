// Shared engine of frameworks that speak ASGI: the request from the call of the application until
// its answer is complete, its route as it is found, and the tasks that run behind it.
//
//   constexpr AsgiFacts kFacts = {...};
//   {.where = "starlette.applications:Starlette.__call__", .enter = enter, .leave = leave_asgi,
//    .kind = py::Kind::kAwaitable, .begin = begin_asgi}
//
// where `enter` calls enter_asgi(). GIL held; nothing here raises.

#pragma once

#include <span>
#include <string>
#include <string_view>

#include "contrib/rules/settings.h"
#include "core/py/hook.h"
#include "core/trace/span.h"

namespace dd::contrib {

struct AsgiFacts {             // of a framework, immutable
  std::string_view component;  // "starlette"
  Operation request;           // "starlette.request"
  std::string_view fallback;   // the service of schema v0, or empty for the process' own
  // A middleware of the framework answers exceptions with a page, which is not the application's
  // answer: it does not end the request, and its headers are not told.
  bool has_error_page = false;
  // Ends of files whose frames an error's stack does not begin with.
  std::span<const std::string_view> outside{};
};

struct AsgiKnobs {  // of a framework, from its settings
  std::string own_service;
  std::string request;  // the name of its spans
  bool continues;       // the traces of headers
  bool hides_404;       // the resource of an unknown page is "GET 404"
};
const AsgiKnobs* asgi_knobs(const Settings& settings, const AsgiFacts& facts);

// For a coroutine function `(scope, receive, send)`.
void enter_asgi(py::Call& call, py::Scope& scope, const AsgiFacts& facts, const AsgiKnobs& knobs);
void begin_asgi(py::Scope& scope);
void leave_asgi(py::Outcome& outcome, py::Scope& scope);

// A part of the route was found, by `finder`: routers above have added theirs before.
void add_asgi_route(py::Handle finder, std::string_view path);

// What a scope says about its request, for frameworks that start the span themselves.
void tag_asgi_request(trace::Span& span, py::Handle scope);

// The Span of the request that runs, or that has just been answered; empty outside of one.
py::Ref asgi_request();

}  // namespace dd::contrib
