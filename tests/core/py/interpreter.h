// One embedded interpreter per test program, and what a test at the boundary to Python needs.
//
//   class Flask : public dd::tests::PythonTest {};
//   TEST_F(Flask, answers) {
//     run("import flask\napp = flask.Flask('x')");       // fails the test when it raises
//     EXPECT_EQ(eval("app.name").text(), "x");
//     EXPECT_EQ(raised("1/0"), "ZeroDivisionError: division by zero");
//     steady("app.name");                                 // a thousand times, no growth
//   }
//
// Each test has a fresh __main__-like namespace. After each, no Python error may be pending and no
// interrupt kept. Linking this library brings main().

#pragma once

#include <gtest/gtest.h>

#include <string>

#include "core/py/ref.h"

namespace dd::tests {

class PythonTest : public ::testing::Test {
 public:
  PythonTest();
  ~PythonTest() override;

 protected:
  void TearDown() override;

  // Executes statements; what they raise fails the test and is printed.
  void run(const std::string& code);
  // The value of an expression; empty, and the test fails, when it raises.
  py::Ref eval(const std::string& expression);
  // "TypeName: message" of what the statements raise, or "" when they do not.
  std::string raised(const std::string& code);
  // str(eval(expression))
  std::string show(const std::string& expression) { return eval(expression).display(); }
  bool is_true(const std::string& expression) { return eval(expression).is_true(); }
  // Makes a module of that name from source, in sys.modules.
  void module(const std::string& name, const std::string& source);
  void set(const char* name, py::Handle value) { (void)globals_.set_item(name, value); }
  py::Handle globals() const { return globals_; }

  // Runs the statements `times` over and expects no growth in allocated blocks, nor in the
  // reference counts of None, True, False, () and the objects in `watched`.
  void steady(const std::string& code, int times = 1000,
              std::initializer_list<const char*> watched = {});

 private:
  py::Ref globals_;
};

}  // namespace dd::tests
