#include "core/config/yaml.h"

#include <algorithm>
#include <utility>

#include "core/config/parse.h"

namespace dd::config::yaml {
namespace {

constexpr int kMaxDepth = 32;

struct Line {
  std::size_t number, indent;
  std::string_view text;  // without indent, comment and blanks at the end
};

// Cuts a comment off: '#' at the beginning or after a blank, outside of quotes.
std::string_view without_comment(std::string_view text) {
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote) {
      if (c == '\\' && quote == '"')
        ++i;
      else if (c == quote)
        quote = 0;
    } else if ((c == '"' || c == '\'') && (i == 0 || text[i - 1] == ' ' || text[i - 1] == '[' ||
                                           text[i - 1] == '{' || text[i - 1] == ',')) {
      quote = c;
    } else if (c == '#' && (i == 0 || text[i - 1] == ' ' || text[i - 1] == '\t')) {
      return text.substr(0, i);
    }
  }
  return text;
}

class Parser {
 public:
  explicit Parser(std::string_view text) {
    std::size_t number = 0;
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      std::string_view line = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      ++number;
      std::size_t indent = 0;
      while (indent < line.size() && line[indent] == ' ') ++indent;
      const std::string_view rest = trim(without_comment(line.substr(indent)));
      if (rest.empty() || (rest == "---" && lines_.empty())) continue;
      if (line[indent] == '\t') fail(number, "a tab at the beginning of a line");
      lines_.push_back({number, indent, rest});
    }
  }

  std::optional<Node> run(std::string& problem) {
    Node root;
    if (problem_.empty() && !lines_.empty()) {
      root = block(lines_[0].indent, 0);
      if (problem_.empty() && at_ < lines_.size()) fail("is indented like nothing above it");
    }
    if (problem_.empty()) return root;
    problem = problem_;
    return std::nullopt;
  }

 private:
  void fail(std::size_t line, std::string_view what) {
    if (problem_.empty()) problem_ = "line " + std::to_string(line) + ": " + std::string(what);
  }
  void fail(std::string_view what) { fail(at_ < lines_.size() ? lines_[at_].number : 0, what); }
  bool more(std::size_t indent) const {
    return problem_.empty() && at_ < lines_.size() && lines_[at_].indent == indent;
  }
  static bool is_item(std::string_view text) { return text == "-" || text.starts_with("- "); }

  Node block(std::size_t indent, int depth) {
    Node node;
    if (depth > kMaxDepth) {
      fail("is nested too deeply");
      return node;
    }
    const std::string_view first = lines_[at_].text;
    if (is_item(first)) {
      node.kind = Node::Kind::kList;
      while (more(indent) && is_item(lines_[at_].text)) node.items.push_back(item(depth));
      return node;
    }
    if (key_end(first) == first.npos) {
      node = scalar(first);
      ++at_;
      return node;
    }
    node.kind = Node::Kind::kMap;
    while (more(indent) && !is_item(lines_[at_].text)) pair(node, depth);
    return node;
  }

  Node item(int depth) {
    Line& line = lines_[at_];
    if (line.text == "-") {
      ++at_;
      return below(line.indent, depth);
    }
    // "- key: value" begins a map that is indented as far as its key.
    std::size_t skip = 1;
    while (skip < line.text.size() && line.text[skip] == ' ') ++skip;
    line.indent += skip;
    line.text.remove_prefix(skip);
    return block(line.indent, depth + 1);
  }

  Node below(std::size_t indent, int depth) {
    if (!problem_.empty() || at_ >= lines_.size() || lines_[at_].indent <= indent) return {};
    return block(lines_[at_].indent, depth + 1);
  }

  void pair(Node& map, int depth) {
    const Line line = lines_[at_];
    const std::size_t end = key_end(line.text);
    if (end == line.text.npos) return fail("has no key");
    const Node key = scalar(trim(line.text.substr(0, end)));
    const std::string_view rest = trim(line.text.substr(end + 1));
    ++at_;
    Node value;
    if (!rest.empty()) {
      value = scalar(rest, line.number);
    } else if (more(line.indent) && is_item(lines_[at_].text)) {
      value = block(line.indent, depth + 1);  // a list may stand as far left as its key
    } else {
      value = below(line.indent, depth);
    }
    map.members.push_back({key.text, std::move(value)});
  }

  // The colon that ends a key, or npos.
  static std::size_t key_end(std::string_view text) {
    std::size_t at = 0;
    if (!text.empty() && (text[0] == '"' || text[0] == '\'')) {
      at = text.find(text[0], 1);
      if (at == text.npos) return at;
    } else if (!text.empty() && (text[0] == '[' || text[0] == '{')) {
      return text.npos;
    }
    for (; at < text.size(); ++at)
      if (text[at] == ':' && (at + 1 == text.size() || text[at + 1] == ' ')) return at;
    return text.npos;
  }

  Node scalar(std::string_view text, std::size_t line = 0) {
    if (line == 0 && at_ < lines_.size()) line = lines_[at_].number;
    std::string_view rest = text;
    Node node = flow(rest, line, 0, false);
    if (!trim(rest).empty()) fail(line, "goes on after its value");
    return node;
  }

  Node flow(std::string_view& rest, std::size_t line, int depth, bool inside) {
    Node node;
    rest = trim(rest);
    if (depth > kMaxDepth) {
      fail(line, "is nested too deeply");
      return node;
    }
    if (rest.empty()) return node;
    const char first = rest[0];
    if (first == '[' || first == '{') return collection(rest, line, depth);
    node.kind = Node::Kind::kText;
    if (first == '"' || first == '\'') {
      quoted(rest, line, node.text);
      return node;
    }
    constexpr std::string_view kRefused = "&*!|>%@`";
    if (kRefused.find(first) != kRefused.npos) {
      fail(line, "uses a part of YAML that is not supported");
      return node;
    }
    std::size_t end = rest.size();
    if (inside) end = std::min(rest.find_first_of(",]}"), end);
    if (inside)
      for (std::size_t i = 0; i < end; ++i)
        if (rest[i] == ':' && (i + 1 == rest.size() || rest[i + 1] == ' ')) end = i;
    node.text.assign(trim(rest.substr(0, end)));
    rest.remove_prefix(end);
    if (node.text == "~" || node.text == "null") node = {};
    return node;
  }

  Node collection(std::string_view& rest, std::size_t line, int depth) {
    Node node;
    const bool map = rest[0] == '{';
    const char close = map ? '}' : ']';
    node.kind = map ? Node::Kind::kMap : Node::Kind::kList;
    rest.remove_prefix(1);
    while (problem_.empty()) {
      rest = trim(rest);
      if (rest.empty())
        fail(line, "ends within brackets");
      else if (rest[0] == close)
        return rest.remove_prefix(1), node;
      else if (rest[0] == ',')
        rest.remove_prefix(1);
      else if (!map) {
        const std::size_t before = rest.size();
        node.items.push_back(flow(rest, line, depth + 1, true));
        if (rest.size() == before) fail(line, "has a bracket or a colon out of place");
      } else {
        const Node key = flow(rest, line, depth + 1, true);
        rest = trim(rest);
        if (rest.empty() || rest[0] != ':') {
          fail(line, "has no colon in braces");
          break;
        }
        rest.remove_prefix(1);
        node.members.push_back({key.text, flow(rest, line, depth + 1, true)});
      }
    }
    return node;
  }

  void quoted(std::string_view& rest, std::size_t line, std::string& out) {
    const char quote = rest[0];
    std::size_t i = 1;
    for (; i < rest.size() &&
           (rest[i] != quote || (quote == '\'' && i + 1 < rest.size() && rest[i + 1] == '\''));
         ++i) {
      if (quote == '\'') {
        if (rest[i] == '\'') ++i;
        out += rest[i];
      } else if (rest[i] == '\\' && i + 1 < rest.size()) {
        const char c = rest[++i];
        out += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c == '0' ? '\0' : c;
      } else {
        out += rest[i];
      }
    }
    if (i >= rest.size()) return fail(line, "ends within quotes");
    rest.remove_prefix(i + 1);
  }

  std::vector<Line> lines_;
  std::size_t at_ = 0;
  std::string problem_;
};

}  // namespace

const Node* Node::find(std::string_view name) const {
  for (const auto& [key, value] : members)
    if (key == name) return &value;
  return nullptr;
}

std::optional<Node> parse(std::string_view text, std::string& problem) {
  return Parser(text).run(problem);
}

}  // namespace dd::config::yaml
