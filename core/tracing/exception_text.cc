#include "core/tracing/exception_text.h"

#include <Python.h>
#include <frameobject.h>

#include <utility>
#include <vector>

#include "core/py/compat/compat.h"

namespace dd::tracing {
namespace {

using py::Handle;
using py::Name;
using py::Ref;

Name kQualname("__qualname__"), kModule("__module__"), kNotes("__notes__");

struct Entry {            // one line of one code object, as the module shows it
  int instruction, line;  // as the traceback has them: the line may be open (-1)
  Ref text;
};
struct Entries {
  std::vector<Entry> all;
};

// Bounds what one code object keeps: the instructions of it that were ever part of an error.
constexpr std::size_t kMostEntries = 64;

void free_entries(void* entries) { delete static_cast<Entries*>(entries); }

Entries* entries_of(PyCodeObject* code) {
  static const Py_ssize_t index = py::compat::new_code_extra(&free_entries);
  void* found = nullptr;
  if (index < 0 || py::compat::code_extra(code, index, &found) < 0) {
    PyErr_Clear();
    return nullptr;
  }
  if (found == nullptr) {
    found = new Entries;
    if (py::compat::set_code_extra(code, index, found) < 0) {
      PyErr_Clear();
      free_entries(found);
      return nullptr;
    }
  }
  return static_cast<Entries*>(found);
}

Ref format_entry(Handle module, PyTracebackObject* entry) {
  const Ref lines = Ref::steal(
      PyObject_CallMethod(module.ptr(), "format_tb", "Oi", reinterpret_cast<PyObject*>(entry), 1));
  if (!lines || !lines.is_list() || lines.size() != 1) return Ref();
  return Ref::borrow(PyList_GET_ITEM(lines.ptr(), 0));
}

// Empty when the module failed.
Ref entry_text(Handle module, PyTracebackObject* entry) {
  const Ref code = Ref::steal(reinterpret_cast<PyObject*>(PyFrame_GetCode(entry->tb_frame)));
  auto* const code_object = reinterpret_cast<PyCodeObject*>(code.ptr());
  if (const Entries* kept = entries_of(code_object)) {
    for (const Entry& one : kept->all)
      if (one.instruction == entry->tb_lasti && one.line == entry->tb_lineno)
        return one.text.share();
  }
  const int line = entry->tb_lineno;
  Ref text = format_entry(module, entry);
  if (!text || !text.is_str()) return Ref();
  // Formatting runs code: the entries are looked up again.
  if (Entries* kept = entries_of(code_object); kept && kept->all.size() < kMostEntries)
    kept->all.push_back({entry->tb_lasti, line, text.share()});
  return text;
}

struct Place {  // what makes two lines of a traceback the same
  Ref code;
  int line = 0;

  explicit Place(PyTracebackObject* entry)
      : code(Ref::steal(reinterpret_cast<PyObject*>(PyFrame_GetCode(entry->tb_frame)))),
        line(entry->tb_lineno) {
    if (line < 0)
      line = PyCode_Addr2Line(reinterpret_cast<PyCodeObject*>(code.ptr()), entry->tb_lasti);
  }
  bool operator==(const Place& other) const {
    if (line != other.line) return false;
    if (code.is(other.code)) return true;
    const auto* a = reinterpret_cast<PyCodeObject*>(code.ptr());
    const auto* b = reinterpret_cast<PyCodeObject*>(other.code.ptr());
    return PyUnicode_Compare(a->co_filename, b->co_filename) == 0 &&
           PyUnicode_Compare(a->co_name, b->co_name) == 0;
  }
};

// The module shows a line three times and counts the rest.
constexpr int kShownRepeats = 3;

bool add_repeats(Handle lines, int seen) {
  if (seen <= kShownRepeats) return true;
  const int more = seen - kShownRepeats;
  const Ref line = Ref::steal(PyUnicode_FromFormat("  [Previous line repeated %d more time%s]\n",
                                                   more, more > 1 ? "s" : ""));
  return line && lines.append(line);
}

bool add_entries(Handle lines, Handle module, PyTracebackObject* entry) {
  Place last(entry);
  int seen = 0;
  for (; entry != nullptr; entry = entry->tb_next) {
    Place place(entry);
    if (!(place == last)) {
      if (!add_repeats(lines, seen)) return false;
      seen = 0;
      last = std::move(place);
    }
    if (++seen > kShownRepeats) continue;
    const Ref text = entry_text(module, entry);
    if (!text || !lines.append(text)) return false;
  }
  return add_repeats(lines, seen);
}

// "shop.OutOfStock: nothing left\n"
Ref last_line(Handle type, Handle message) {
  const Ref name = type.attr(kQualname), home = type.attr(kModule);
  if (!name.is_str() || !home.is_str()) return Ref();
  const std::string_view module = home.utf8();
  const bool shown = module != "builtins" && module != "__main__";
  const Ref whole =
      shown ? Ref::steal(PyUnicode_FromFormat("%U.%U", home.ptr(), name.ptr())) : name.share();
  if (!whole) return Ref();
  return message.size() == 0
             ? Ref::steal(PyUnicode_FromFormat("%U\n", whole.ptr()))
             : Ref::steal(PyUnicode_FromFormat("%U: %U\n", whole.ptr(), message.ptr()));
}

bool has_notes(Handle value) {
  PyObject* const dict = reinterpret_cast<PyBaseExceptionObject*>(value.ptr())->dict;
  return static_cast<bool>(Handle(dict).item(kNotes));
}

// Whether the module would show frames and a last line, and nothing else.
bool is_simple(Handle type, Handle value, Handle traceback, Handle message) {
  if (!value.is_exception() || !type.is(value.type()) || !message.is_str() ||
      !PyTraceBack_Check(traceback.ptr()))
    return false;
  const auto* const error = reinterpret_cast<PyBaseExceptionObject*>(value.ptr());
  if (error->cause != nullptr || (error->context != nullptr && !error->suppress_context))
    return false;
  for (PyObject* special : {PyExc_SyntaxError, py::compat::exception_group(), PyExc_NameError,
                            PyExc_AttributeError, PyExc_ImportError})
    if (PyObject_TypeCheck(value.ptr(), reinterpret_cast<PyTypeObject*>(special))) return false;
  return !has_notes(value);
}

// A part of the traceback that is its `limit` most recent entries.
PyTracebackObject* most_recent(Handle traceback, int limit) {
  auto* kept = reinterpret_cast<PyTracebackObject*>(traceback.ptr());
  int entries = 0;
  for (const PyTracebackObject* entry = kept; entry != nullptr; entry = entry->tb_next)
    if (++entries > limit) kept = kept->tb_next;
  return kept;
}

Ref joined(Handle lines) {
  const Ref empty = Ref::steal(PyUnicode_FromString(""));
  return empty ? Ref::steal(PyUnicode_Join(empty.ptr(), lines.ptr())) : Ref();
}

Ref simple_text(Handle module, Handle type, Handle traceback, Handle message, int limit) {
  const Ref lines = py::list();
  const Ref head = py::str("Traceback (most recent call last):\n"), end = last_line(type, message);
  if (!lines || !head || !end || !lines.append(head) ||
      !add_entries(lines, module, most_recent(traceback, limit)) || !lines.append(end))
    return Ref();
  return joined(lines);
}

}  // namespace

Ref exception_text(Handle type, Handle value, Handle traceback, Handle message, int limit) {
  const Ref module = Ref::steal(PyImport_ImportModule("traceback"));
  if (!module) return Ref();
  if (limit > 0 && is_simple(type, value, traceback, message)) {
    Ref text = simple_text(module, type, traceback, message, limit);
    if (text) return text;
    PyErr_Clear();
  }
  const Handle recent = limit > 0 && PyTraceBack_Check(traceback.ptr())
                            ? reinterpret_cast<PyObject*>(most_recent(traceback, limit))
                            : traceback;
  const Ref lines = Ref::steal(PyObject_CallMethod(module.ptr(), "format_exception", "OOOi",
                                                   type.ptr(), value.ptr(), recent.ptr(), -limit));
  return lines ? joined(lines) : Ref();
}

}  // namespace dd::tracing
