// Reading Python values as text and numbers.
// All of it needs the GIL.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/py/ref.h"

namespace dd::tracing {

// The UTF-8 of a str or bytes object, valid while this and the object live. Lone surrogates become
// question marks. `view` has a null data pointer for every other type.
class Utf8 {
 public:
  explicit Utf8(py::Handle object);
  std::string_view view{};

 private:
  py::Ref encoded_;
};

// Drops a pending Exception and answers true; a KeyboardInterrupt, an exit or a cancellation stays
// pending and the answer is false.
bool swallow_exception();

// An int (or what has __index__) that fits; empty for everything else. Raises nothing.
std::optional<std::int64_t> as_int64(py::Handle value);
std::optional<std::uint64_t> as_uint64(py::Handle value);

py::Ref make_text(std::string_view text);

}  // namespace dd::tracing
