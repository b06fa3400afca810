#include "contrib/support/traced_call.h"

#include <array>

#include "contrib/support/code_origin.h"
#include "contrib/support/terms.h"
#include "core/py/compat/compat.h"
#include "core/py/error.h"
#include "core/py/method.h"
#include "core/trace/tags.h"
#include "core/tracing/live_span.h"

namespace dd::contrib {
namespace {

Name kInspectMark("_is_coroutine_marker"), kIsCoroutine("iscoroutinefunction"),
    kModule("__module__"), kMark("_is_coroutine"), kName("__name__"),
    kPartialMethod("__partialmethod__"), kQualName("__qualname__");

// Of a traced call; of what traced_each() maps with, without the first three.
enum Place : Py_ssize_t { kFunction, kSpanName, kResource, kComponent, kTag, kTagValue };

std::string dotted(Handle module, Handle name, std::string_view after = {}) {
  const std::string_view plain_module = module.utf8(), plain_name = name.utf8();
  std::string whole;
  whole.reserve(plain_module.size() + 1 + plain_name.size() + after.size());
  return whole.append(plain_module).append(".").append(plain_name).append(after);
}

PyObject* call_inside_span(PyObject* self, PyObject* const* args, Py_ssize_t count,
                           PyObject* kwnames) {
  const Handle function = PyTuple_GET_ITEM(self, kFunction);
  const Handle name = PyTuple_GET_ITEM(self, kSpanName);
  const Handle resource = PyTuple_GET_ITEM(self, kResource);
  const Handle component = PyTuple_GET_ITEM(self, kComponent);
  const tracing::LiveSpan span = tracing::LiveSpan::start(
      {.name = name.utf8(), .resource = resource.is_str() ? resource.utf8() : std::string_view()});
  if (span) {
    span.span().set(trace::tags::kComponent, component.utf8());
    if (PyTuple_GET_SIZE(self) == kTag + 1) tell_code_origin(function);
    if (PyTuple_GET_SIZE(self) > kTagValue)
      span.span().set(trace::Key(Handle(PyTuple_GET_ITEM(self, kTag)).utf8()),
                      Handle(PyTuple_GET_ITEM(self, kTagValue)).utf8());
  }
  PyObject* result =
      PyObject_Vectorcall(function.ptr(), args, static_cast<std::size_t>(count), kwnames);
  if (!span) return result;
  if (result) {
    span.finish();
    return result;
  }
  py::ErrorKeep error;
  const bool is_entry = PyTuple_GET_SIZE(self) == kTag + 1;
  const Handle answer = is_entry ? PyTuple_GET_ITEM(self, kTag) : nullptr;
  const bool is_answer = answer && !answer.is_none() && error.instance().instance_of(answer);
  if (!is_answer) span.fail(error.instance());
  span.finish();
  return nullptr;
}

// For map(): self holds component, tag and value.
PyObject* trace_one(PyObject* self, PyObject* callable) {
  const py::ErrorKeep keep;
  const auto text = [self](Py_ssize_t place) {
    return Handle(PyTuple_GET_ITEM(self, place - kComponent)).utf8();
  };
  Ref made;
  if (!gives_coroutines(callable))
    made = traced_call(callable, {.name = callable_name(callable),
                                  .component = text(kComponent),
                                  .tag = text(kTag),
                                  .tag_value = text(kTagValue)});
  py::swallow_error();
  return made ? made.release() : Handle(callable).share().release();
}

constinit PyMethodDef trace_one_definition = {"trace_one", trace_one, METH_O, nullptr};

}  // namespace

Ref traced_call(Handle function, const TracedCall& what) {
  const Ref name = py::str(what.name), component = py::str(what.component);
  const Ref resource = what.resource.data() ? py::str(what.resource) : py::none();
  const Ref answer = what.answer ? what.answer.share() : py::none();
  const Ref tag = what.tag.empty() ? answer.share() : py::str(what.tag);
  const Ref value = what.tag.empty() ? Ref() : py::str(what.tag_value);
  const Handle parts[] = {function, name, resource, component, tag, value};
  const std::size_t count = !what.tag.empty() ? std::size(parts)
                            : what.entry      ? std::size_t{kTag} + 1
                                              : std::size_t{kTag};
  const Ref self = py::tuple(std::span(parts, count));
  if (!self) return {};
  static PyMethodDef definition = {"traced_call", py::method<call_inside_span>,
                                   METH_FASTCALL | METH_KEYWORDS, nullptr};
  return Ref::steal(PyCFunction_New(&definition, self.ptr()));
}

std::string callable_name(Handle callable) {
  if (callable && PyFunction_Check(callable.ptr())) {  // its parts, without looking anything up
    const auto* function = reinterpret_cast<const PyFunctionObject*>(callable.ptr());
    const Handle module = function->func_module, name = function->func_name;
    if (module.is_str() && name.is_str()) return dotted(module, name);
  }
  const Ref module = callable.attr(kModule), name = callable.attr(kName);
  return name.is_str() ? dotted(module, name) : callable.type().attr(kName).text();
}

std::string class_path(Handle type, std::string_view after) {
  if (type && PyType_CheckExact(type.ptr())) {
    const auto* plain = reinterpret_cast<const PyTypeObject*>(type.ptr());
    const bool is_of_python = plain->tp_flags & Py_TPFLAGS_HEAPTYPE && plain->tp_dict;
    const Handle module =
        is_of_python ? PyDict_GetItemWithError(plain->tp_dict, kModule.ptr()) : nullptr;
    if (module.is_str())
      return dotted(module, reinterpret_cast<const PyHeapTypeObject*>(plain)->ht_qualname, after);
    py::swallow_error();
  }
  const Ref module = type.attr(kModule), name = type.attr(kQualName);
  return dotted(module, name, after);
}

std::string_view usual_class_path(Handle type, std::string_view after) {
  struct Row {
    unsigned version = 0;  // of the class
    std::string after, path;
  };
  static thread_local std::array<Row, 32> rows;
  const unsigned version = type ? py::compat::class_version(type.ptr()) : 0;
  Row& row = rows[(version * 5 + after.size()) % rows.size()];
  if (version == 0 || row.version != version || row.after != after)
    row = {version, std::string(after), class_path(type, after)};
  return row.path;
}

bool gives_coroutines(Handle callable) {
  if (callable && PyFunction_Check(callable.ptr())) {
    const auto* function = reinterpret_cast<const PyFunctionObject*>(callable.ptr());
    if (reinterpret_cast<const PyCodeObject*>(function->func_code)->co_flags & CO_COROUTINE)
      return true;
    const Handle attributes = function->func_dict;
    if (!attributes || PyDict_GET_SIZE(attributes.ptr()) == 0) return false;
    if (!attributes.contains(kMark.ptr()) && !attributes.contains(kInspectMark.ptr()) &&
        !attributes.contains(kPartialMethod.ptr()))
      return false;
  }
  if (py::imported("inspect").attr(kIsCoroutine).call(callable).truth()) return true;
  // asyncio's mark, which inspect does not know before 3.12.
  const Ref mark = callable.attr(kMark);
  return mark && mark.is(py::imported("asyncio.coroutines").attr(kMark));
}

Ref each_tracer(const TracedCall& how) {
  const Ref component = py::str(how.component), tag = py::str(how.tag);
  const Ref value = py::str(how.tag_value);
  const Handle parts[] = {component, tag, value};
  const Ref self = py::tuple(parts);
  return Ref::steal(PyCFunction_New(&trace_one_definition, self.ptr()));
}

Ref traced_each(Handle callables, Handle tracer) {
  return Handle(reinterpret_cast<PyObject*>(&PyMap_Type)).call(tracer, callables);
}

}  // namespace dd::contrib
