#include "core/json/json.h"

#include <gtest/gtest.h>

#include <limits>

namespace dd::json {
namespace {

TEST(Json, is_read_as_it_is_written) {
  const auto v = parse(R"( {"a": [1, -2.5e1, true, null, "x"], "b": {"c": 9007199254740993}} )");
  ASSERT_TRUE(v);
  const auto& items = (*v)["a"].items();
  ASSERT_EQ(items.size(), 5u);
  EXPECT_EQ(items[0].integer(), 1);
  EXPECT_EQ(items[1].number(), -25.0);
  EXPECT_EQ(items[1].integer(7), 7);
  EXPECT_TRUE(items[2].boolean());
  EXPECT_TRUE(items[3].is_null());
  EXPECT_EQ(items[4].text(), "x");
  EXPECT_EQ((*v)["b"]["c"].integer(), 9007199254740993);
}

TEST(Json, reads_as_empty_what_is_not_there) {
  const auto v = parse(R"({"a": 1, "a": 2})");
  ASSERT_TRUE(v);
  EXPECT_EQ((*v)["a"].integer(), 2);
  EXPECT_EQ((*v)["x"]["y"]["z"].text("-"), "-");
  EXPECT_TRUE((*v)["a"].items().empty());
}

struct Text {
  const char* json;
  const char* text;
};
constexpr Text kTexts[] = {
    {R"("\"\\\/\b\f\n\r\t")", "\"\\/\b\f\n\r\t"},
    {R"("\u00e9\ud83d\ude00")", "\xC3\xA9\xF0\x9F\x98\x80"},
    {R"("\ud83d")", "\xEF\xBF\xBD"},
    {R"("\ud83dA\u0041")",
     "\xEF\xBF\xBD"
     "AA"},
    {R"("\ud83d\u0041")",
     "\xEF\xBF\xBD"
     "A"},
};
TEST(Json, undoes_escapes) {
  for (const Text& c : kTexts) {
    const auto v = parse(c.json);
    ASSERT_TRUE(v) << c.json;
    EXPECT_EQ(v->text(), c.text) << c.json;
  }
}

TEST(Json, refuses_what_is_not_json) {
  for (const char* text :
       {"",       " ",     "{",   "[1,]",       "{\"a\"}", "{\"a\":}", "{a:1}",   "01",
        "1.",     "-",     "1e",  "+1",         "tru",     "\"",       "\"\\x\"", "\"\\u12\"",
        "\"\n\"", "[1] 2", "nul", "{\"a\":1,}", "'a'",     "NaN"})
    EXPECT_FALSE(parse(text)) << text;
}

TEST(Json, refuses_what_is_too_deep) {
  EXPECT_TRUE(parse(std::string(kMaxDepth, '[') + std::string(kMaxDepth, ']')));
  EXPECT_FALSE(parse(std::string(100'000, '[')));
}

TEST(Json, is_written_as_it_was_read) {
  constexpr std::string_view kText = R"({"a":[1,-2.5,true,false,null,"x\"y"],"b":{"c":{},"d":[]}})";
  const auto read = parse(kText);
  ASSERT_TRUE(read);
  Writer out;
  EXPECT_EQ(out.value(*read).text(), kText);
}

TEST(Json, is_written) {
  Writer out;
  out.open_object().field("a", 1).field("b", "q\"\n").key("c").open_array();
  out.value(true).null().value(0.5).value(std::numeric_limits<double>::infinity());
  out.open_object().close().close().field("d", std::uint64_t{18446744073709551615u}).close();
  EXPECT_EQ(out.text(),
            R"({"a":1,"b":"q\"\u000a","c":[true,null,0.5,null,{}],"d":18446744073709551615})");
  EXPECT_TRUE(parse(out.text()));
}

}  // namespace
}  // namespace dd::json
