#include "tests/fuzz/python.h"

#include <Python.h>

#include <cstring>

#include "tests/fuzz/fuzz.h"

namespace dd::fuzz {
namespace {

using py::Ref;

constexpr const char* kAwkward = R"(
import datetime, decimal, enum, fractions
class Raises:
    def __str__(self): raise ValueError("no")
    __repr__ = __str__
class NoText:
    def __str__(self): return 5
    __repr__ = __str__
class Text(str):
    def __str__(self): return "other"
class Whole(int):
    def __str__(self): return "whole"
class Real(float): pass
class Data(bytes): pass
class Row(list): pass
class Table(dict): pass
class Index:
    def __index__(self): return 7
    def __float__(self): return 7.5
class BadIndex:
    def __index__(self): raise OverflowError
    __float__ = __int__ = __index__
    def __bool__(self): raise TypeError
class Stops:
    def __iter__(self): yield 1; raise ValueError("in the middle")
class Color(enum.Enum): RED = 1
def holding():
    one = []
    one.extend([one, {"one": one}, one])
    return one
made = [Raises, NoText, lambda: Text("text"), lambda: Whole(5), lambda: Real(0.5), lambda: Data(b"d"),
        lambda: Row([1, 2]), lambda: Table(a=1), Index, BadIndex, Stops, lambda: Color.RED, holding,
        lambda: {1, 2}, lambda: bytearray(b"array"), lambda: memoryview(b"view"), lambda: range(3),
        lambda: decimal.Decimal("NaN"), lambda: fractions.Fraction(1, 3), lambda: datetime.datetime.min,
        lambda: float("nan"), lambda: -float("inf"), lambda: 1j, lambda: ..., lambda: 2 ** 64,
        lambda: -2 ** 63 - 1, lambda: 10 ** 5000, lambda: "x" * 30000, lambda: int, lambda: (x for x in "ab")]
)";

PyObject* names = nullptr;

void run(const char* code) {
  const Ref done = Ref::steal(PyRun_String(code, Py_file_input, names, names));
  if (!done) PyErr_Print();
  FUZZ_CHECK(done);
}

}  // namespace

void start_python(const char* prelude) {
  PyConfig config;
  PyConfig_InitPythonConfig(&config);
  config.install_signal_handlers = 0;
  PyStatus status = PyConfig_SetBytesString(&config, &config.program_name, DD_PYTHON_EXECUTABLE);
  if (!PyStatus_Exception(status)) status = Py_InitializeFromConfig(&config);
  PyConfig_Clear(&config);
  if (PyStatus_Exception(status)) Py_ExitStatusException(status);
  names = PyModule_GetDict(PyImport_AddModule("__main__"));
  run(kAwkward);
  run(prelude);
}

Ref eval(const char* expression) {
  Ref value = Ref::steal(PyRun_String(expression, Py_eval_input, names, names));
  if (!value) PyErr_Print();
  FUZZ_CHECK(value);
  return value;
}

void forget_error() { PyErr_Clear(); }

std::string Maker::bytes() {
  const std::size_t size = below(24), left = static_cast<std::size_t>(end_ - at_);
  std::string out(reinterpret_cast<const char*>(at_), size < left ? size : left);
  at_ += out.size();
  return out;
}

Ref Maker::text() {
  const std::string utf8 = bytes();
  return Ref::steal(
      PyUnicode_DecodeUTF8(utf8.data(), static_cast<Py_ssize_t>(utf8.size()), "surrogateescape"));
}

std::uint64_t Maker::number() {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | byte();
  return value;
}

Ref Maker::object(int depth) {
  const unsigned kind = below(depth < 6 ? 14 : 9);
  switch (kind) {
    case 0:
      return py::none();
    case 1:
      return py::boolean(byte() & 1);
    case 2:
      return Ref::steal(PyLong_FromLong(static_cast<signed char>(byte())));
    case 3:
      return Ref::steal(PyLong_FromUnsignedLongLong(number()));
    case 4:
      return Ref::steal(PyLong_FromLongLong(static_cast<long long>(number())));
    case 5: {
      const std::uint64_t bits = number();
      double value;
      std::memcpy(&value, &bits, sizeof value);
      return Ref::steal(PyFloat_FromDouble(value));
    }
    case 6:
    case 7:
      return text();
    case 8: {
      const std::string data = bytes();
      return Ref::steal(
          PyBytes_FromStringAndSize(data.data(), static_cast<Py_ssize_t>(data.size())));
    }
    case 9:
    case 10: {
      Ref list = Ref::steal(PyList_New(0));
      for (unsigned left = below(6); left-- > 0;)
        PyList_Append(list.ptr(), object(depth + 1).ptr());
      return kind == 9 ? std::move(list) : Ref::steal(PyList_AsTuple(list.ptr()));
    }
    case 11:
    case 12: {
      Ref dict = Ref::steal(PyDict_New());
      for (unsigned left = below(6); left-- > 0;) {
        const Ref key = kind == 11 ? text() : object(depth + 1), value = object(depth + 1);
        if (PyDict_SetItem(dict.ptr(), key.ptr(), value.ptr()) != 0) PyErr_Clear();
      }
      return dict;
    }
    default: {
      PyObject* const all = PyDict_GetItemString(names, "made");
      PyObject* const one =
          PyList_GET_ITEM(all, below(static_cast<unsigned>(PyList_GET_SIZE(all))));
      return Ref::steal(PyObject_CallNoArgs(one));
    }
  }
}

}  // namespace dd::fuzz
