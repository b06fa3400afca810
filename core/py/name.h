// Attribute and key names: interned once, on first use, and kept for the life of the process.
//
//   constinit py::Name kHeaders("headers");
//   request.attr(kHeaders)
//
// A Name is constant initialised, so nothing runs before main. Needs the GIL. Two threads of a
// free-threaded build that meet on first use intern the same object.

#pragma once

#include <Python.h>

#include <atomic>

namespace dd::py {

class Name {
 public:
  explicit constexpr Name(const char* text) : text_(text) {}
  Name(const Name&) = delete;
  Name& operator=(const Name&) = delete;

  const char* text() const { return text_; }
  // Borrowed. Null only when memory ran out; every reader treats that as "absent".
  PyObject* ptr() const {
    PyObject* object = object_.load(std::memory_order_acquire);
    return object != nullptr ? object : intern();
  }

 private:
  PyObject* intern() const;

  const char* text_;
  mutable std::atomic<PyObject*> object_{nullptr};
};

}  // namespace dd::py
