#include "contrib/rules/json_path.h"

#include <gtest/gtest.h>

#include <vector>

namespace dd::contrib {
namespace {

struct Case {
  const char* name;
  const char* path;
  std::vector<JsonStep> place;
  bool leads;
};

TEST(JsonPath, leads_where_it_says) {
  const std::vector<JsonStep> token = {{.name = "Attributes"}, {.name = "Token"}};
  const std::vector<JsonStep> sql = {
      {.name = "Targets"}, {.index = 1, .size = 2}, {.name = "Redshift"}, {.name = "Sql"}};
  const std::vector<JsonStep> last = {{.name = "l"}, {.index = 1, .size = 2}};
  const Case kCases[] = {
      {"a member", "$.Attributes.Token", token, true},
      {"only the whole way", "$.Attributes", token, false},
      {"not further", "$.Attributes.Token.x", token, false},
      {"in brackets", "$['Attributes'][\"Token\"]", token, true},
      {"anywhere below", "$..Token", token, true},
      {"anywhere below, twice", "$..Targets..Sql", sql, true},
      {"anything", "$.*.Token", token, true},
      {"every element", "$..Targets[*].Redshift.Sql", sql, true},
      {"an element", "$.Targets[1].Redshift.Sql", sql, true},
      {"another element", "$.Targets[0].Redshift.Sql", sql, false},
      {"from the end", "$.l[-1]", last, true},
      {"a range", "$.l[0:1]", last, false},
      {"an open range", "$.l[1:]", last, true},
      {"a range from the end", "$.l[:-1]", last, false},
      {"a name is no element", "$.l.1", last, false},
      {"the whole", "$", token, false},
      {"no path", "Attributes.Token", token, false},
      {"no end", "$.l[1", last, false},
      {"a filter", "$.l[?(@.x==1)]", last, false},
      {"no name", "$.l.", {{.name = "l"}}, false},
  };
  for (const Case& one : kCases) {
    SCOPED_TRACE(one.name);
    EXPECT_EQ(JsonPath(one.path).leads_to(one.place), one.leads);
  }
}

TEST(JsonPath, lists_are_split_at_commas) {
  EXPECT_EQ(json_paths(" $.a , ,$.b").size(), 2u);
  EXPECT_TRUE(json_paths("").empty());
}

}  // namespace
}  // namespace dd::contrib
