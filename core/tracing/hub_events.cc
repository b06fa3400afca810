#include "core/tracing/hub_events.h"

#include <cstddef>
#include <iterator>
#include <utility>

#include "core/py/error.h"

namespace dd::tracing {

constinit PyObject* detail::hub_listeners[static_cast<int>(HubEvent::kCount)] = {};

namespace {
constexpr std::string_view kEventNames[] = {"ddtrace.context_provider.activate", "span.exception",
                                            "web.request.final_tags", "http.span_inject"};
static_assert(std::size(kEventNames) == static_cast<std::size_t>(HubEvent::kCount));
}  // namespace

void tell(HubEvent event, std::initializer_list<py::Handle> arguments) {
  const py::ErrorKeep keep;
  const py::Ref listener = py::Ref::borrow(detail::hub_listeners[static_cast<int>(event)]);
  const py::Ref tuple = py::Ref::steal(PyTuple_New(static_cast<Py_ssize_t>(arguments.size())));
  if (!listener || !tuple) return py::swallow_error();
  Py_ssize_t at = 0;
  for (const py::Handle argument : arguments)
    PyTuple_SET_ITEM(tuple.ptr(), at++,
                     (argument ? argument : py::Handle(Py_None)).share().release());
  if (!py::Ref::steal(PyObject_CallObject(listener.ptr(), tuple.ptr()))) py::swallow_error();
}

bool set_hub_listener(std::string_view name, py::Handle listener) {
  for (std::size_t i = 0; i < std::size(kEventNames); ++i) {
    if (kEventNames[i] != name) continue;
    const py::Ref old = py::Ref::steal(
        std::exchange(detail::hub_listeners[i], listener ? listener.share().release() : nullptr));
    return true;
  }
  return false;
}

}  // namespace dd::tracing
