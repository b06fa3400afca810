// A callable that runs another one inside a span: for what a framework asks for just before it
// calls it once. The function itself is not touched, and neither is any registration of it.
//
// GIL held.

#pragma once

#include <string>
#include <string_view>

#include "core/py/ref.h"

namespace dd::contrib {

struct TracedCall {
  std::string_view name;
  std::string_view resource{};  // null data: the name
  std::string_view component;
  std::string_view tag{}, tag_value{};  // one more, if any
  bool entry = false;                   // what answers the request: its place in the code is told
  py::Handle answer{};  // of an entry: a class of exceptions that are answers, not errors
};

// Empty only when memory ran out.
py::Ref traced_call(py::Handle function, const TracedCall& what);

// "module.name" of a function, the class of another callable.
std::string callable_name(py::Handle callable);

// "module.Class" of a class, and what comes after it.
std::string class_path(py::Handle type, std::string_view after = {});
// The same, remembered: for each request. Valid until the next call in this thread.
std::string_view usual_class_path(py::Handle type, std::string_view after = {});

// Whether its calls are awaited: a coroutine function, or one that is marked as such.
bool gives_coroutines(py::Handle callable);

// An iterator over the same callables, each traced under its own name and with the tag, made one by
// one as they are asked for. Coroutine functions stay as they are: who calls them looks at what
// they are. `tracer` is what each_tracer() has made: once, for all that are traced alike.
py::Ref traced_each(py::Handle callables, py::Handle tracer);
py::Ref each_tracer(const TracedCall& how);

}  // namespace dd::contrib
