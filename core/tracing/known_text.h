// The numbered texts (core/trace/names.h) behind the constants of the program: literals and names
// in Python code are interned, so the object itself tells the text without a look at it.
// Needs the GIL.

#pragma once

#include <Python.h>

#include <cstdint>

#include "core/py/compat/compat.h"
#include "core/trace/text.h"

namespace dd::tracing {

struct KnownText {
  PyObject* object = nullptr;  // owned: no other object takes its address
  trace::Text text;            // absent: it is known to have no number
  std::uint8_t fingerprint = 0;
  bool special = false;  // the rules for tags have a word for this name

  trace::Key key() const { return trace::Key(text, fingerprint); }
};

namespace detail {
inline constexpr std::size_t kKnown = 1024;
extern constinit KnownText known[kKnown];
const KnownText* learn(PyObject* object, KnownText& place);
}  // namespace detail

// Null for a text without a number.
inline const KnownText* known_text(PyObject* object) {
  if (!py::compat::kHasGil || !PyUnicode_CheckExact(object) || !PyUnicode_CHECK_INTERNED(object))
    return nullptr;
  const auto address = reinterpret_cast<std::uintptr_t>(object);
  KnownText& place = detail::known[(address >> 4 ^ address >> 14) % detail::kKnown];
  if (place.object != object) [[unlikely]]
    return detail::learn(object, place);
  return place.text.present() ? &place : nullptr;
}

}  // namespace dd::tracing
