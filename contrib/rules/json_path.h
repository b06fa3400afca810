// Paths into a value of JSON's kinds: "$.QueueUrl", "$..Token", "$.Targets[*].Sql", "$.l[-1]".
//
// Names, wildcards, indices and ranges, each below the last or anywhere below it. Filters are not
// understood: such a path leads nowhere. Immutable; any thread.

#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dd::contrib {

// One step from a value to a part of it: a member by its name, or an element by its number.
struct JsonStep {
  std::string_view name{};
  long long index = -1;  // of an element, which has no name
  long long size = 0;    // of the list it is in
};

class JsonPath {
 public:
  // "$..a.b[0]"; what cannot be read makes a path that leads nowhere.
  explicit JsonPath(std::string_view text);

  bool leads_to(std::span<const JsonStep> place) const { return leads(0, place); }

 private:
  enum class Kind : unsigned char { kName, kAny, kRange };
  struct Part {
    Kind kind = Kind::kAny;
    bool deep = false;  // anywhere below
    std::string name{};
    long long from = 0, to = 0;  // kRange: until before `to`; negative ones count from the end
    bool is_index = false;
  };
  static bool fits(const Part& part, const JsonStep& step);
  bool leads(std::size_t part, std::span<const JsonStep> place) const;
  bool read(std::string_view text);
  bool read_bracket(std::string_view inside, bool deep);

  std::vector<Part> parts_;
};

// "$.a,$.b"
std::vector<JsonPath> json_paths(std::string_view list);

}  // namespace dd::contrib
