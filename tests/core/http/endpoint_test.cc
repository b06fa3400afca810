#include "core/http/endpoint.h"

#include <gtest/gtest.h>

namespace dd::http {
namespace {

struct Case {
  const char* name;
  const char* url;
  const char* shown;
};

class Endpoint : public testing::TestWithParam<Case> {};

TEST_P(Endpoint, is_the_shape_of_the_path) {
  EXPECT_EQ(endpoint(GetParam().url), GetParam().shown);
}

constexpr Case kCases[] = {
    {"no_url", "", "/"},
    {"no_path", "http://h?x=1", "/"},
    {"names", "http://h/a/b-c/d.e", "/a/b-c/d.e"},
    {"empty_segments", "http://h//a//b/", "/a/b"},
    {"eight_segments", "http://h/a/b/c/d/e/f/g/h/i", "/a/b/c/d/e/f/g/h"},
    {"query_and_fragment", "http://h/a?b/12#c/12", "/a"},
    {"one_digit", "/1/0/01", "/1/0/01"},
    {"number", "/10", "/{param:int}"},
    {"number_with_marks", "/1.2/2021-01-02/012", "/{param:int_id}/{param:int_id}/{param:int_id}"},
    {"only_marks", "/---/1.", "/---/1."},
    {"hexadecimal", "/12345a/ABCDEF1", "/{param:hex}/{param:hex}"},
    {"letters_only", "/abcdef", "/abcdef"},
    {"hexadecimal_with_marks", "/abc-def1", "/{param:hex_id}"},
    {"too_short", "/5f3e", "/5f3e"},
    {"nineteen_and_twenty", "/abcdefghijklmnopqrs/abcdefghijklmnopqrst",
     "/abcdefghijklmnopqrs/{param:str}"},
    {"characters_not_bytes", "/éééééééééééé", "/éééééééééééé"},
    {"signs", "/a@b/x=y/a%20b/a$b", "/{param:str}/{param:str}/{param:str}/a$b"},
    {"no_url_but_a_word", "nonsense", "/nonsense"},
};
INSTANTIATE_TEST_SUITE_P(All, Endpoint, testing::ValuesIn(kCases),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace dd::http
