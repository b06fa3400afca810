// Events of Python's hub (ddtrace.internal.core) that happen in native code: who listens is told.
//
// A listener is one callable for each event; the hub calls all of its own from there. Without one
// an event costs a load. All functions need the GIL. Source: CORE_EVENTS.md.

#pragma once

#include <initializer_list>
#include <string_view>

#include "core/py/ref.h"

namespace dd::tracing {

enum class HubEvent : unsigned char {
  kActivate,   // (span, context or None): "ddtrace.context_provider.activate"
  kException,  // (span, type, exception, traceback): "span.exception"
  kFinalTags,  // (span): "web.request.final_tags"
  kInject,     // (context, headers): "http.span_inject"
  kCount,
};

namespace detail {
extern constinit PyObject* hub_listeners[static_cast<int>(HubEvent::kCount)];
}

inline bool heard(HubEvent event) {
  return detail::hub_listeners[static_cast<int>(event)] != nullptr;
}
// What the listener raises is dropped; interrupts are raised at the end of the phase.
void tell(HubEvent event, std::initializer_list<py::Handle> arguments);
// False when no native event has this name. An empty listener ends it.
bool set_hub_listener(std::string_view name, py::Handle listener);

}  // namespace dd::tracing
