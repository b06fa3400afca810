// Ownership of Python objects, stated as types, and reading that never fails.
//
//   Handle  borrows: one pointer, passed by value, never outlives the call.
//   Ref     owns one strong reference: moves, and copies only through share().
//
// Every function here needs the GIL. Reading is total: a missing attribute, a failed conversion or
// an exception in the application's property gives an empty value and leaves no Python error set,
// and every reader may be called on an empty Handle. What is not an `Exception` (KeyboardInterrupt,
// SystemExit, CancelledError) is not swallowed: it is kept aside and raised when the phase ends
// (core/py/error.h).
//
//   const Ref rule = py::imported("flask").attr(kRequest).attr(kUrlRule);
//   set_route(rule.attr(kRule).text());      // empty when there is no rule

#pragma once

#include <Python.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/py/name.h"

namespace dd::py {

class Ref;

class Handle {
 public:
  constexpr Handle() = default;
  constexpr Handle(PyObject* object) : object_(object) {}

  PyObject* ptr() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }
  bool is(Handle other) const { return object_ == other.object_; }
  bool is_none() const { return object_ == Py_None; }
  bool is_true() const { return object_ == Py_True; }  // exactly True; see truth()

  Ref share() const;  // a new strong reference
  Handle type() const { return object_ != nullptr ? (PyObject*)Py_TYPE(object_) : nullptr; }
  std::string_view type_name() const;  // "Session": without the module

  // Type checks; false for an empty Handle. Subclasses count.
  bool is_str() const { return object_ != nullptr && PyUnicode_Check(object_); }
  bool is_bytes() const { return object_ != nullptr && PyBytes_Check(object_); }
  bool is_int() const { return object_ != nullptr && PyLong_Check(object_); }  // and bool
  bool is_bool() const { return object_ != nullptr && PyBool_Check(object_); }
  bool is_float() const { return object_ != nullptr && PyFloat_Check(object_); }
  bool is_dict() const { return object_ != nullptr && PyDict_Check(object_); }
  bool is_list() const { return object_ != nullptr && PyList_Check(object_); }
  bool is_tuple() const { return object_ != nullptr && PyTuple_Check(object_); }
  bool is_callable() const { return object_ != nullptr && PyCallable_Check(object_); }
  bool is_class() const { return object_ != nullptr && PyType_Check(object_); }
  bool is_exception() const { return object_ != nullptr && PyExceptionInstance_Check(object_); }
  bool is_coroutine() const { return object_ != nullptr && PyCoro_CheckExact(object_); }
  bool instance_of(Handle type) const;  // isinstance(); type may be a tuple

  // Reading. None of these raises.
  Ref attr(const Name& name) const;  // empty when absent
  Ref attr(const char* name) const;  // for cold paths
  // attr() of a method without making the bound one: its function, or what stands in its place.
  Ref method(const Name& name) const;
  Ref item(Handle key) const;  // object[key]; a dict is asked without raising
  Ref item(const Name& key) const;
  Ref item(const char* key) const;   // for cold paths
  Ref item(Py_ssize_t index) const;  // sequences; negative counts from the end
  Py_ssize_t size() const;           // len(), or -1
  bool contains(Handle value) const;
  std::string_view utf8() const {  // a view into a str; empty for the rest
    if (object_ == nullptr || !PyUnicode_CheckExact(object_) ||
        !PyUnicode_IS_COMPACT_ASCII(object_))
      return other_utf8();
    return {reinterpret_cast<const char*>(reinterpret_cast<PyASCIIObject*>(object_) + 1),
            static_cast<std::size_t>(PyUnicode_GET_LENGTH(object_))};
  }
  std::string_view bytes() const;  // a view into a bytes; empty for the rest
  std::string text() const;        // a str or bytes, copied; what UTF-8 cannot say is '?'
  std::string display() const;     // str(object), copied likewise
  long long integer(long long fallback = 0) const;  // of an int or bool
  double number(double fallback = 0) const;         // of a float, int or bool
  bool truth(bool fallback = false) const;          // bool(object)

  // Calling. Empty when it raised; the error is swallowed like a failed read.
  template <class... Args>
  Ref call(const Args&... args) const;
  template <class... Args>
  Ref call_method(const Name& name, const Args&... args) const;
  Ref call_vector(std::span<PyObject* const> args, Handle kwnames = nullptr) const;

  // Writing. False when it raised.
  bool set_attr(const Name& name, Handle value) const;
  bool set_item(Handle key, Handle value) const;
  bool set_item(const Name& key, Handle value) const;
  bool set_item(const char* key, Handle value) const;
  bool delete_item(Handle key) const;
  bool append(Handle value) const;  // to a list

  // Calls fn(Handle) for each element, fn(Handle key, Handle value) for each pair of a mapping.
  // What goes wrong ends the iteration early. Lists may change meanwhile; dicts are read in place
  // when exact, so `fn` must not add keys to the dict it walks.
  template <class Fn>
  void each(Fn&& fn) const;
  template <class Fn>
  void each_pair(Fn&& fn) const;

 protected:
  std::string_view other_utf8() const;
  PyObject* object_ = nullptr;
};

class [[nodiscard]] Ref : public Handle {
 public:
  constexpr Ref() = default;
  static Ref steal(PyObject* object) { return Ref(object); }
  static Ref borrow(PyObject* object) { return Ref(Py_XNewRef(object)); }
  Ref(Ref&& other) noexcept : Handle(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref&& other) noexcept {
    PyObject* old = std::exchange(object_, std::exchange(other.object_, nullptr));
    Py_XDECREF(old);
    return *this;
  }
  ~Ref() { Py_XDECREF(object_); }

  PyObject* release() { return std::exchange(object_, nullptr); }
  // For C-API calls that fill a pointer: PyX_Get(..., ref.out()).
  PyObject** out() {
    Py_CLEAR(object_);
    return &object_;
  }
  std::string_view utf8() const& { return Handle::utf8(); }
  std::string_view utf8() && =
      delete;  // a view into a temporary: keep the Ref, or copy with text()
  std::string_view bytes() const& { return Handle::bytes(); }
  std::string_view bytes() && = delete;

 private:
  constexpr explicit Ref(PyObject* object) : Handle(object) {}
};

// Making objects. Empty only when memory ran out.
Ref none();
Ref boolean(bool value);
Ref integer(long long value);
Ref unsigned_integer(std::uint64_t value);
Ref number(double value);
Ref str(std::string_view utf8);  // bytes that are not UTF-8 are replaced
Ref bytes(std::string_view data);
Ref tuple(std::span<const Handle> items);
Ref list();
Ref dict();

// A module already in sys.modules, or empty. Never imports.
Ref imported(const char* module);
Ref imported(const Name& module);

// Looks at the pending Python error after a failed read: an Exception is dropped, anything else is
// kept for the end of the phase. Leaves no error set.
void swallow_error();

inline Ref Handle::share() const { return Ref::borrow(object_); }

template <class... Args>
Ref Handle::call(const Args&... args) const {
  PyObject* stack[sizeof...(Args) + 1] = {nullptr, Handle(args).ptr()...};
  return call_vector(std::span<PyObject* const>(stack + 1, sizeof...(Args)));
}

template <class... Args>
Ref Handle::call_method(const Name& name, const Args&... args) const {
  const Ref method = attr(name);
  return method.call(args...);
}

template <class Fn>
void Handle::each(Fn&& fn) const {
  if (object_ == nullptr) return;
  if (is_list()) {
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(object_); ++i) {
      const Ref item = Ref::borrow(PyList_GET_ITEM(object_, i));
      fn(Handle(item));
    }
    return;
  }
  if (is_tuple()) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(object_); ++i)
      fn(Handle(PyTuple_GET_ITEM(object_, i)));
    return;
  }
  const Ref iterator = Ref::steal(PyObject_GetIter(object_));
  if (iterator) {
    while (const Ref item = Ref::steal(PyIter_Next(iterator.ptr()))) fn(Handle(item));
  }
  swallow_error();
}

template <class Fn>
void Handle::each_pair(Fn&& fn) const {
  if (object_ == nullptr) return;
  if (PyDict_CheckExact(object_)) {
    Py_ssize_t position = 0;
    PyObject *key = nullptr, *value = nullptr;
    while (PyDict_Next(object_, &position, &key, &value)) {
      const Ref held_key = Ref::borrow(key);
      const Ref held_value = Ref::borrow(value);
      fn(Handle(held_key), Handle(held_value));
    }
    return;
  }
  const Ref items = Ref::steal(PyMapping_Items(object_));
  if (!items) swallow_error();
  items.each([&fn](Handle pair) {
    if (pair.is_tuple() && pair.size() == 2)
      fn(Handle(PyTuple_GET_ITEM(pair.ptr(), 0)), Handle(PyTuple_GET_ITEM(pair.ptr(), 1)));
  });
}

}  // namespace dd::py
