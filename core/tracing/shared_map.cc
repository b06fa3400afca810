#include "core/tracing/shared_map.h"

#include <cmath>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/py/error.h"
#include "core/py/method.h"
#include "core/trace/tags.h"
#include "core/tracing/text.h"

namespace dd::tracing {
namespace {

using py::Handle;
using py::Ref;
using trace::Segment;
using trace::Shared;

// A dict whose own table is a copy, made anew when the map is asked for: C code that does not ask
// for methods (the JSON encoder) reads that.
struct SharedMap {
  PyDictObject dict;
  Shared<Segment> segment;
  MapKind kind;
  Ref given;  // a dict: name to (text, what was given for it), or empty
};

constinit PyTypeObject* type_object = nullptr;
constexpr std::string_view kOriginName = trace::tags::kOrigin.text;
constexpr std::string_view kPriorityName = trace::tags::kSamplingPriority.text;

SharedMap* me(PyObject* object) { return reinterpret_cast<SharedMap*>(object); }
Ref now(PyObject* self) { return snapshot(*me(self)->segment, me(self)->kind); }
PyObject* nothing() { return py::none().release(); }

SharedMap* view_of(const Segment& segment, MapKind kind) {
  return static_cast<SharedMap*>(segment.views[static_cast<int>(kind)]);
}

// Puts what was given back in the place of its text.
void restore(const Segment& segment, MapKind kind, Handle dict) {
  const SharedMap* const view = view_of(segment, kind);
  if (view == nullptr || !view->given) return;
  view->given.each_pair([&](Handle name, Handle pair) {
    const Handle text(PyTuple_GET_ITEM(pair.ptr(), 0));
    const Handle shown(PyDict_GetItem(dict.ptr(), name.ptr()));
    if (shown && PyUnicode_Compare(shown.ptr(), text.ptr()) == 0)
      (void)PyDict_SetItem(dict.ptr(), name.ptr(), PyTuple_GET_ITEM(pair.ptr(), 1));
  });
}

// Plain values only: an object of the application lives no longer because it was put here.
bool is_plain(Handle value) {
  return value.is_none() || value.is_bool() || PyLong_CheckExact(value.ptr()) ||
         PyFloat_CheckExact(value.ptr()) || PyBytes_CheckExact(value.ptr());
}

// Remembers a value that is no text, or forgets the one before it.
Ref remember(Segment& segment, MapKind kind, const std::string& name, const std::string& text,
             Handle value) {
  const Ref key = make_text(name);
  if (!is_plain(value)) {
    Ref view = remembering_map(segment, kind);
    if (view && PyDict_Contains(me(view.ptr())->given.ptr(), key.ptr()) == 1)
      (void)PyDict_DelItem(me(view.ptr())->given.ptr(), key.ptr());
    return view;
  }
  Ref view = make_shared_map(Shared<Segment>::share(&segment), kind);
  if (!view) return Ref();
  Ref& given = me(view.ptr())->given;
  if (!given) given = py::dict();
  const Ref shown = make_text(text), pair = Ref::steal(PyTuple_Pack(2, shown.ptr(), value.ptr()));
  if (pair) (void)given.set_item(key, pair);
  return view;
}

void refresh(Handle map) {
  const Ref copy = now(map.ptr());
  PyDict_Clear(map.ptr());
  if (PyDict_Merge(map.ptr(), copy.ptr(), 1) < 0) py::swallow_error();
}

void erase(Segment& segment, MapKind kind, const std::string& name) {
  const base::MutexLock lock(segment.mutex);
  if (kind == MapKind::kBaggage) {
    trace::remove_entry(segment.baggage, name);
  } else if (kind == MapKind::kMeta) {
    if (name == kOriginName) segment.origin.clear();
    trace::remove_entry(segment.meta(), name);
  } else if (name == kPriorityName) {
    segment.priority.reset();
  } else {
    std::erase_if(segment.metrics, [&](const auto& entry) { return entry.first == name; });
  }
}

void wipe(Segment& segment, MapKind kind) {
  const base::MutexLock lock(segment.mutex);
  switch (kind) {
    case MapKind::kBaggage:
      segment.baggage.clear();
      break;
    case MapKind::kMeta:
      segment.meta().clear();
      segment.origin.clear();
      break;
    case MapKind::kMetrics:
      segment.metrics.clear();
      segment.priority.reset();
  }
}

void dealloc(PyObject* object) {
  const Ref drop_type = Ref::steal(reinterpret_cast<PyObject*>(Py_TYPE(object)));
  me(object)->segment->views[static_cast<int>(me(object)->kind)] = nullptr;
  me(object)->segment.~Shared();
  me(object)->given.~Ref();
  PyDict_Type.tp_dealloc(object);
}

int traverse(PyObject* object, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(object));
  Py_VISIT(me(object)->given.ptr());
  return PyDict_Type.tp_traverse(object, visit, arg);
}
int clear_table(PyObject* object) {
  me(object)->given = Ref();
  return PyDict_Type.tp_clear(object);
}

Py_ssize_t length(PyObject* self) { return now(self).size(); }
PyObject* subscript(PyObject* self, PyObject* key) {
  return PyObject_GetItem(now(self).ptr(), key);
}
int contains(PyObject* self, PyObject* key) { return PyDict_Contains(now(self).ptr(), key); }
PyObject* iterate(PyObject* self) {
  const Ref keys = Ref::steal(PyDict_Keys(now(self).ptr()));
  return keys ? PyObject_GetIter(keys.ptr()) : nullptr;
}
int assign(PyObject* self, PyObject* key, PyObject* value) {
  if (value != nullptr) {
    (void)put_in_map(*me(self)->segment, me(self)->kind, key, value);
    return 0;
  }
  const int known = contains(self, key);
  if (known == 0) PyErr_SetObject(PyExc_KeyError, key);
  if (known <= 0) return -1;
  erase(*me(self)->segment, me(self)->kind, Handle(key).display());
  return 0;
}
PyObject* compare(PyObject* left, PyObject* right, int operation) {
  const Ref own = now(left);
  const Ref other = Py_TYPE(right) == type_object ? now(right) : Ref::borrow(right);
  return PyObject_RichCompare(own.ptr(), other.ptr(), operation);
}
PyObject* repr(PyObject* self) { return PyObject_Repr(now(self).ptr()); }

// What a dict answers, asked of the copy.
template <class Tag>
PyObject* ask_copy(PyObject* self, PyObject* args, PyObject* kwargs) {
  const Ref method = Ref::steal(PyObject_GetAttrString(now(self).ptr(), Tag::kName));
  return method ? PyObject_Call(method.ptr(), args, kwargs) : nullptr;
}
struct Keys {
  static constexpr const char* kName = "keys";
};
struct Values {
  static constexpr const char* kName = "values";
};
struct Items {
  static constexpr const char* kName = "items";
};
struct Get {
  static constexpr const char* kName = "get";
};
struct Copy {
  static constexpr const char* kName = "copy";
};

PyObject* pop(PyObject* self, PyObject* args) {
  PyObject *key, *fallback = nullptr;
  if (!PyArg_ParseTuple(args, "O|O:pop", &key, &fallback)) return nullptr;
  const Ref found = Ref::borrow(PyDict_GetItemWithError(now(self).ptr(), key));
  if (!found && PyErr_Occurred()) return nullptr;
  if (found) {
    erase(*me(self)->segment, me(self)->kind, Handle(key).display());
    return found.share().release();
  }
  if (fallback != nullptr) return Py_NewRef(fallback);
  PyErr_SetObject(PyExc_KeyError, key);
  return nullptr;
}
PyObject* setdefault(PyObject* self, PyObject* args) {
  PyObject *key, *fallback = Py_None;
  if (!PyArg_ParseTuple(args, "O|O:setdefault", &key, &fallback)) return nullptr;
  if (contains(self, key) == 0) (void)put_in_map(*me(self)->segment, me(self)->kind, key, fallback);
  if (PyErr_Occurred()) return nullptr;
  return Py_XNewRef(PyDict_GetItemWithError(now(self).ptr(), key));
}
PyObject* update(PyObject* self, PyObject* args, PyObject* kwargs) {
  PyObject* other = Py_None;
  if (!PyArg_ParseTuple(args, "|O:update", &other)) return nullptr;
  (void)fill_map(*me(self)->segment, me(self)->kind, other);
  if (kwargs != nullptr) (void)fill_map(*me(self)->segment, me(self)->kind, kwargs);
  return nothing();
}
PyObject* clear(PyObject* self, PyObject*) {
  wipe(*me(self)->segment, me(self)->kind);
  return nothing();
}
PyObject* reduce(PyObject* self, PyObject*) {
  return Py_BuildValue("(O(N))", &PyDict_Type, now(self).release());
}
PyObject* reduce_ex(PyObject* self, PyObject*) { return reduce(self, nullptr); }

template <class Function>
void* slot(Function* function) {
  return reinterpret_cast<void*>(function);
}

PyTypeObject* map_type() {
  if (type_object != nullptr) return type_object;
  constexpr int kAny = METH_VARARGS | METH_KEYWORDS;
  static PyMethodDef methods[] = {{"keys", py::method<ask_copy<Keys>>, kAny, nullptr},
                                  {"values", py::method<ask_copy<Values>>, kAny, nullptr},
                                  {"items", py::method<ask_copy<Items>>, kAny, nullptr},
                                  {"get", py::method<ask_copy<Get>>, kAny, nullptr},
                                  {"copy", py::method<ask_copy<Copy>>, kAny, nullptr},
                                  {"pop", pop, METH_VARARGS, nullptr},
                                  {"setdefault", setdefault, METH_VARARGS, nullptr},
                                  {"update", py::method<update>, kAny, nullptr},
                                  {"clear", clear, METH_NOARGS, nullptr},
                                  {"__reduce__", reduce, METH_NOARGS, nullptr},
                                  {"__reduce_ex__", reduce_ex, METH_O, nullptr},
                                  {}};
  static PyType_Slot slots[] = {{Py_tp_dealloc, slot(dealloc)},
                                {Py_tp_traverse, slot(traverse)},
                                {Py_tp_clear, slot(clear_table)},
                                {Py_mp_length, slot(length)},
                                {Py_mp_subscript, slot(subscript)},
                                {Py_mp_ass_subscript, slot(assign)},
                                {Py_sq_contains, slot(contains)},
                                {Py_tp_iter, slot(iterate)},
                                {Py_tp_richcompare, slot(compare)},
                                {Py_tp_hash, slot(PyObject_HashNotImplemented)},
                                {Py_tp_repr, slot(repr)},
                                {Py_tp_methods, methods},
                                {0, nullptr}};
  static PyType_Spec spec = {"ddtrace._native.SharedMap", sizeof(SharedMap), 0,
                             Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, slots};
  const Ref bases = Ref::steal(PyTuple_Pack(1, &PyDict_Type));
  if (bases)
    type_object = reinterpret_cast<PyTypeObject*>(PyType_FromSpecWithBases(&spec, bases.ptr()));
  return type_object;
}

}  // namespace

Ref make_shared_map(Shared<Segment> segment, MapKind kind) {
  if (map_type() == nullptr) return Ref();
  void*& view = segment->views[static_cast<int>(kind)];
  if (view != nullptr) {
    Ref known = Ref::borrow(static_cast<PyObject*>(view));
    refresh(known);
    return known;
  }
  PyObject* const made = PyDict_Type.tp_new(type_object, nullptr, nullptr);
  if (made == nullptr) return Ref();
  view = made;
  new (&me(made)->segment) Shared<Segment>(std::move(segment));
  me(made)->kind = kind;
  new (&me(made)->given) Ref();
  Ref object = Ref::steal(made);
  refresh(object);
  return object;
}

// Read whole under the lock, built into Python objects after it.
Ref snapshot(Segment& segment, MapKind kind) {
  trace::Entries entries;
  std::vector<std::pair<std::string, double>> metrics;
  std::string origin;
  std::optional<int> priority;
  {
    const base::MutexLock lock(segment.mutex);
    if (kind == MapKind::kMetrics) {
      metrics = segment.metrics;
      priority = segment.priority;
    } else {
      entries = kind == MapKind::kMeta ? segment.meta() : segment.baggage;
      if (kind == MapKind::kMeta) origin = segment.origin;
    }
  }
  Ref dict = py::dict();
  for (const auto& [key, value] : entries) (void)dict.set_item(py::str(key), py::str(value));
  for (const auto& [key, value] : metrics) {
    const bool whole = value == std::floor(value) && std::fabs(value) < 1e15;
    (void)dict.set_item(py::str(key),
                        whole ? py::integer(static_cast<long long>(value)) : py::number(value));
  }
  if (!origin.empty()) (void)dict.set_item(py::str(kOriginName), py::str(origin));
  if (priority) (void)dict.set_item(py::str(kPriorityName), py::integer(*priority));
  restore(segment, kind, dict);
  return dict;
}

Ref put_in_map(Segment& segment, MapKind kind, Handle key, Handle value) {
  const std::string name = key.display();
  if (kind == MapKind::kMetrics) {
    if (name == kPriorityName) {
      set_priority(segment, value);
      return Ref();
    }
    const double number = value.number(std::nan(""));
    const base::MutexLock lock(segment.mutex);
    if (std::isnan(number)) return Ref();
    for (auto& [known, old] : segment.metrics)
      if (known == name) {
        old = number;
        return Ref();
      }
    segment.metrics.emplace_back(name, number);
    return Ref();
  }
  const std::string text = value.is_str() ? value.text() : value.display();
  {
    const base::MutexLock lock(segment.mutex);
    if (kind == MapKind::kBaggage)
      trace::set_entry(segment.baggage, name, text);
    else if (name != kOriginName || (segment.origin = text).empty())
      trace::set_entry(segment.meta(), name, text);
    else
      trace::remove_entry(segment.meta(), name);
  }
  return remember(segment, kind, name, text, value);
}

Ref remembering_map(const Segment& segment, MapKind kind) {
  SharedMap* const view = view_of(segment, kind);
  return view != nullptr && view->given ? Ref::borrow(reinterpret_cast<PyObject*>(view)) : Ref();
}

Ref fill_map(Segment& segment, MapKind kind, Handle mapping) {
  Ref kept;
  if (!mapping || mapping.is_none()) return kept;
  mapping.each_pair([&](Handle key, Handle value) {
    if (Ref view = put_in_map(segment, kind, key, value)) kept = std::move(view);
  });
  return kept;
}

Ref replace_map(Segment& segment, MapKind kind, Handle mapping) {
  const Ref copy = Py_TYPE(mapping.ptr()) == map_type() ? now(mapping.ptr()) : mapping.share();
  wipe(segment, kind);
  return fill_map(segment, kind, copy);
}

void set_priority(Segment& segment, Handle value) {
  std::optional<int> priority;
  if (value.is_float() && std::fabs(value.number()) < 1e9)
    priority = static_cast<int>(value.number());
  else if (const auto number = as_int64(value))
    priority = static_cast<int>(*number);
  const base::MutexLock lock(segment.mutex);
  segment.priority = priority;
}

}  // namespace dd::tracing
