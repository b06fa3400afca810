#include "tests/core/py/interpreter.h"

#include <Python.h>

#include <cstdio>
#include <vector>

#include "core/py/error.h"

namespace dd::tests {
namespace {

std::string describe(py::Handle error) {
  const std::string message = error.display();
  std::string text(error.type_name());
  if (!message.empty()) text += ": " + message;
  return text;
}

long long allocated_blocks() {
  const py::Ref count = py::imported("sys").attr("getallocatedblocks").call();
  return count.integer();
}

void collect() {
  for (int i = 0; i < 3; ++i) PyGC_Collect();
}

// Immortal objects do not count.
long long references(py::Handle object) {
#ifdef _Py_IMMORTAL_REFCNT
  if (_Py_IsImmortal(object.ptr())) return 0;
#endif
  return Py_REFCNT(object.ptr());
}

}  // namespace

PythonTest::PythonTest() : globals_(py::dict()) {
  (void)globals_.set_item("__builtins__", py::imported("builtins"));
  (void)globals_.set_item("__name__", py::str("__main__"));
}

PythonTest::~PythonTest() {
  globals_ = py::Ref();
  PyGC_Collect();
}

void PythonTest::TearDown() {
  EXPECT_EQ(PyErr_Occurred(), nullptr) << "a Python error is pending";
  PyErr_Clear();
  EXPECT_FALSE(py::interrupt_kept());
  (void)py::take_interrupt();
}

void PythonTest::run(const std::string& code) {
  const py::Ref done =
      py::Ref::steal(PyRun_String(code.c_str(), Py_file_input, globals_.ptr(), globals_.ptr()));
  if (done) return;
  PyErr_Print();
  ADD_FAILURE() << "raised in:\n" << code;
}

py::Ref PythonTest::eval(const std::string& expression) {
  py::Ref value = py::Ref::steal(
      PyRun_String(expression.c_str(), Py_eval_input, globals_.ptr(), globals_.ptr()));
  if (!value) {
    PyErr_Print();
    ADD_FAILURE() << "raised: " << expression;
  }
  return value;
}

std::string PythonTest::raised(const std::string& code) {
  const py::Ref done =
      py::Ref::steal(PyRun_String(code.c_str(), Py_file_input, globals_.ptr(), globals_.ptr()));
  if (done) return {};
  const py::Ref error = py::take_exception();
  return describe(error);
}

void PythonTest::module(const std::string& name, const std::string& source) {
  const py::Ref made = py::Ref::steal(PyModule_New(name.c_str()));
  const py::Handle space = PyModule_GetDict(made.ptr());
  (void)space.set_item("__builtins__", py::imported("builtins"));
  (void)py::Handle(PyImport_GetModuleDict()).set_item(name.c_str(), made);
  const py::Ref done =
      py::Ref::steal(PyRun_String(source.c_str(), Py_file_input, space.ptr(), space.ptr()));
  if (done) return;
  PyErr_Print();
  ADD_FAILURE() << "raised in module " << name;
}

void PythonTest::steady(const std::string& code, int times,
                        std::initializer_list<const char*> watched) {
  const py::Ref compiled =
      py::Ref::steal(Py_CompileString(code.c_str(), "<steady>", Py_file_input));
  ASSERT_TRUE(compiled);
  std::vector<py::Ref> objects;
  objects.push_back(py::none());
  objects.push_back(py::boolean(true));
  objects.push_back(py::boolean(false));
  objects.push_back(py::tuple({}));
  for (const char* name : watched) objects.push_back(globals_.item(name));
  const auto repeat = [&](int count) {
    for (int i = 0; i < count; ++i) {
      const py::Ref done =
          py::Ref::steal(PyEval_EvalCode(compiled.ptr(), globals_.ptr(), globals_.ptr()));
      if (!done) {
        PyErr_Print();
        FAIL() << "raised in:\n" << code;
      }
    }
  };
  repeat(50);  // caches, free lists, specialised instructions
  collect();
  const long long blocks = allocated_blocks();
  std::vector<long long> counts;
  counts.reserve(objects.size());
  for (const py::Ref& object : objects) counts.push_back(references(object));
  repeat(times);
  collect();
  EXPECT_LT(allocated_blocks() - blocks, times / 2) << "memory grows with:\n" << code;
  for (std::size_t i = 0; i < objects.size(); ++i)
    EXPECT_LT(std::abs(references(objects[i]) - counts[i]), times / 10)
        << objects[i].display() << " gains or loses references with:\n"
        << code;
}

}  // namespace dd::tests

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  PyConfig config;
  PyConfig_InitPythonConfig(&config);
  config.install_signal_handlers = 0;
  PyStatus status = PyConfig_SetBytesString(&config, &config.program_name, DD_PYTHON_EXECUTABLE);
  if (!PyStatus_Exception(status)) status = Py_InitializeFromConfig(&config);
  PyConfig_Clear(&config);
  if (PyStatus_Exception(status)) Py_ExitStatusException(status);
  const int failed = RUN_ALL_TESTS();
  return Py_FinalizeEx() < 0 ? 1 : failed;
}
