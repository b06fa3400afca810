// Parts of the engines, without a library to hook.

#include <gtest/gtest.h>

#include "contrib/support/redis_client.h"
#include "contrib/support/side_table.h"
#include "tests/core/py/interpreter.h"

namespace dd::contrib {
namespace {

class Engines : public tests::PythonTest {};

TEST_F(Engines, side_tables_know_living_objects_only) {
  SideTable table;
  run("class Thing: pass\nvalue = Thing()");
  py::Ref object = eval("value");
  ASSERT_TRUE(object);
  EXPECT_FALSE(table.get(object));
  EXPECT_TRUE(table.empty());
  table.put(object, py::str("first"));
  table.put(object, py::str("second"));
  EXPECT_EQ(table.get(object).text(), "second");
  run("del value");
  object = py::Ref();
  EXPECT_TRUE(table.empty());
}

TEST_F(Engines, side_tables_do_not_know_what_cannot_be_referenced) {
  SideTable table;
  const py::Ref object = py::integer(123456);
  table.put(object, py::str("x"));
  EXPECT_TRUE(table.empty());
  EXPECT_EQ(PyErr_Occurred(), nullptr);
}

struct CommandCase {
  const char* name;
  const char* words;
  std::size_t longest;
  const char* text;
};
constexpr CommandCase kCommands[] = {
    {"words are joined", "('SET', 'key', 5, b'x')", 1000, "SET key 5 x"},
    {"blanks do not count", "('MGET', 'cheese', 'nothing', b'bytes')", 20,
     "MGET cheese nothing byt..."},
    {"a long word ends early", "('SET', 'k', 'a' * 200)", 1000,
     "SET k "
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaa..."},
    {"characters are counted, not bytes", "('SET', 'k\\u00e4se', 'x')", 7, "SET k\u00e4se ..."},
    {"nothing is nothing", "()", 1000, ""},
};

TEST_F(Engines, commands_of_redis_as_text) {
  for (const CommandCase& row : kCommands) {
    SCOPED_TRACE(row.name);
    const py::Ref words = eval(row.words);
    ASSERT_TRUE(words.is_tuple());
    PyObject* const* items = PySequence_Fast_ITEMS(words.ptr());
    EXPECT_EQ(redis_command_text({items, static_cast<std::size_t>(PyTuple_GET_SIZE(words.ptr()))},
                                 row.longest),
              row.text);
  }
}

}  // namespace
}  // namespace dd::contrib
