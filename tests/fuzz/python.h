// An interpreter inside of a fuzz target, and Python objects made of the input's bytes.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/py/ref.h"

namespace dd::fuzz {

// Starts the interpreter once and runs `prelude` in a namespace whose names eval() knows.
void start_python(const char* prelude);
py::Ref eval(const char* expression);

// Reads choices and objects from the input; past its end everything is zero and None.
class Maker {
 public:
  Maker(const std::uint8_t* data, std::size_t size) : at_(data), end_(data + size) {}
  bool more() const { return at_ < end_; }
  unsigned byte() { return more() ? *at_++ : 0; }
  unsigned below(unsigned limit) { return byte() % limit; }
  std::string bytes();
  py::Ref text();  // lone surrogates stand for what is no UTF-8
  // Everything a program may give: numbers of any size, texts, containers that hold each other,
  // subclasses, and objects whose str() raises, returns no text or opens a span.
  py::Ref object(int depth = 0);

 private:
  std::uint64_t number();
  const std::uint8_t *at_, *end_;
};

// What the statements before may have raised, which they may.
void forget_error();

}  // namespace dd::fuzz
