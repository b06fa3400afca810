// Ownership of Python objects, stated as types.
//
//   Handle  borrows: one pointer, passed by value, never outlives the call.
//   Ref     owns one strong reference: moves, and copies only through share().
//
// Every function here needs the GIL. Read accessors are total: a missing
// attribute or a failed conversion gives an empty value and leaves no Python
// error set, so instrumentation can read freely without checking each step.

#pragma once

#include <Python.h>

#include <string>
#include <string_view>
#include <utility>

namespace dd::py {

class Ref;
class Name;  // interned attribute name, see core/py/name.h

class Handle {
 public:
  constexpr Handle() = default;
  constexpr Handle(PyObject* object) : object_(object) {}

  PyObject* ptr() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }
  bool is_none() const { return object_ == Py_None; }

  Ref share() const;                 // a new strong reference
  Ref attr(const Name& name) const;  // empty when absent
  std::string_view utf8() const;     // empty unless a str; a view into it
  std::string text() const;          // the same, copied
  long long integer(long long fallback = 0) const;

 protected:
  PyObject* object_ = nullptr;
};

class [[nodiscard]] Ref : public Handle {
 public:
  constexpr Ref() = default;
  static Ref steal(PyObject* object) { return Ref(object); }
  Ref(Ref&& other) noexcept : Handle(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref&& other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() { Py_XDECREF(object_); }
  PyObject* release() { return std::exchange(object_, nullptr); }
  std::string_view utf8() const& { return Handle::utf8(); }
  std::string_view utf8() && =
      delete;  // a view into a temporary: keep the Ref, or copy with text()

 private:
  constexpr explicit Ref(PyObject* object) : Handle(object) {}
};

inline Ref Handle::share() const {
  return Ref::steal(Py_XNewRef(object_));
}

}  // namespace dd::py
