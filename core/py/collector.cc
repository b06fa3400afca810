#include "core/py/collector.h"

#include <Python.h>

#include <string_view>

#include "core/base/clock.h"
#include "core/py/method.h"
#include "core/py/ref.h"

namespace dd::py {
namespace {

constinit Collected collector_listener = nullptr;
constinit std::int64_t collection_started_ns = 0;
constinit PyObject* gc_callback = nullptr;  // kept

PyObject* on_collection(PyObject*, PyObject* const* args, Py_ssize_t count) {
  if (count < 2 || collector_listener == nullptr) return none().release();
  const std::int64_t now = base::monotonic_ns();
  if (Handle(args[0]).utf8() == "start") {
    collection_started_ns = now;
  } else if (collection_started_ns != 0) {
    PyObject* const generation = PyDict_GetItemString(args[1], "generation");
    collector_listener(generation == nullptr ? 0 : static_cast<int>(Handle(generation).integer()),
                       now - collection_started_ns);
  }
  return none().release();
}

// Kept here, and not left in sys.modules when the program has not imported it: its list of
// callbacks belongs to the interpreter.
Handle collector_module() {
  static PyObject* kept = nullptr;
  if (kept != nullptr) return Handle(kept);
  PyObject* const modules = PyImport_GetModuleDict();
  const bool is_programs = PyDict_GetItemString(modules, "gc") != nullptr;
  kept = PyImport_ImportModule("gc");
  if (kept != nullptr && !is_programs && PyDict_DelItemString(modules, "gc") != 0) PyErr_Clear();
  return Handle(kept);
}

Ref callbacks() { return collector_module().attr("callbacks"); }

}  // namespace

bool watch_collector(Collected collected) {
  static PyMethodDef method = {"ddtrace_gc", py::method<on_collection>, METH_FASTCALL, nullptr};
  collector_listener = collected;
  if (gc_callback == nullptr) gc_callback = PyCFunction_New(&method, nullptr);
  const Ref list = callbacks();
  if (gc_callback == nullptr || !list.is_list()) {
    swallow_error();
    return false;
  }
  return list.contains(gc_callback) || list.append(gc_callback);
}

void leave_collector() {
  const Ref list = callbacks();
  if (gc_callback == nullptr || !list.is_list()) return swallow_error();
  const Py_ssize_t at = PySequence_Index(list.ptr(), gc_callback);
  if (at < 0 || PySequence_DelItem(list.ptr(), at) != 0) swallow_error();
}

void read_collector_counts(std::int64_t (&counts)[3]) {
  const Ref now = collector_module().attr("get_count").call();
  for (int i = 0; i < 3; ++i) counts[i] = now.item(static_cast<Py_ssize_t>(i)).integer();
  if (PyErr_Occurred() != nullptr) swallow_error();
}

}  // namespace dd::py
