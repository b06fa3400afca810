// The part of YAML that configuration files use: block and flow maps and lists, plain and quoted
// text, comments. Anchors, tags, multi-line text and several documents are refused. Total: whatever
// the text, there is a value or a reason.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dd::config::yaml {

struct Node {
  enum class Kind : std::uint8_t { kNull, kText, kList, kMap };
  Kind kind = Kind::kNull;
  std::string text;  // as written: numbers and flags are text too
  struct Member;
  std::vector<Node> items;
  std::vector<Member> members;

  const Node* find(std::string_view name) const;  // null unless this is a map that has it
};

struct Node::Member {
  std::string name;
  Node value;
};

// `problem` says "line 3: ..." when there is no value.
std::optional<Node> parse(std::string_view text, std::string& problem);

}  // namespace dd::config::yaml
