#include <algorithm>
#include <optional>

#include "core/config/parse.h"
#include "core/sampling/sampling.h"

namespace dd::sampling {
namespace {

// Enough of JSON for lists of flat objects; deeper values are skipped. Bounded depth, no recursion
// past it, no exceptions.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool take(char c) {
    blank();
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  char peek() {
    blank();
    return text_.empty() ? '\0' : text_.front();
  }
  bool at_end() { return peek() == '\0' && text_.empty(); }

  std::optional<std::string> string() {
    if (!take('"')) return std::nullopt;
    std::string out;
    while (!text_.empty()) {
      char c = pop();
      if (c == '"') return out;
      if (c != '\\') {
        out += c;
        continue;
      }
      if (text_.empty()) break;
      c = pop();
      switch (c) {
        case 'n': out += '\n'; break;
        case 't': out += '\t'; break;
        case 'r': out += '\r'; break;
        case 'b': out += '\b'; break;
        case 'f': out += '\f'; break;
        case 'u':
          if (!unicode(out)) return std::nullopt;
          break;
        case '"': case '\\': case '/': out += c; break;
        default: return std::nullopt;
      }
    }
    return std::nullopt;
  }
  std::optional<std::string_view> word() {  // number, true, false, null
    blank();
    std::size_t end = 0;
    while (end < text_.size() && (text_[end] == '-' || text_[end] == '+' || text_[end] == '.' ||
                                  (text_[end] >= '0' && text_[end] <= '9') ||
                                  (text_[end] >= 'a' && text_[end] <= 'z') || text_[end] == 'E'))
      ++end;
    if (end == 0) return std::nullopt;
    const std::string_view out = text_.substr(0, end);
    text_.remove_prefix(end);
    return out;
  }
  bool skip(int depth = 0) {
    if (depth > 16) return false;
    const char c = peek();
    if (c == '"') return string().has_value();
    if (c != '{' && c != '[') return word().has_value();
    const char close = c == '{' ? '}' : ']';
    take(c);
    if (take(close)) return true;
    do {
      if (c == '{' && (!string() || !take(':'))) return false;
      if (!skip(depth + 1)) return false;
    } while (take(','));
    return take(close);
  }

 private:
  char pop() {
    const char c = text_.front();
    text_.remove_prefix(1);
    return c;
  }
  void blank() {
    while (!text_.empty() && (text_[0] == ' ' || text_[0] == '\n' || text_[0] == '\t' ||
                              text_[0] == '\r'))
      text_.remove_prefix(1);
  }
  bool unicode(std::string& out) {
    if (text_.size() < 4) return false;
    unsigned code = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = config::lower(pop());
      if (c >= '0' && c <= '9')
        code = code * 16 + static_cast<unsigned>(c - '0');
      else if (c >= 'a' && c <= 'f')
        code = code * 16 + static_cast<unsigned>(c - 'a' + 10);
      else
        return false;
    }
    if (code < 0x80) {
      out += static_cast<char>(code);
    } else if (code < 0x800) {
      out += static_cast<char>(0xC0 | code >> 6);
      out += static_cast<char>(0x80 | (code & 63));
    } else {
      out += static_cast<char>(0xE0 | code >> 12);
      out += static_cast<char>(0x80 | (code >> 6 & 63));
      out += static_cast<char>(0x80 | (code & 63));
    }
    return true;
  }
  std::string_view text_;
};

bool only_wildcards(std::string_view pattern) {
  return pattern.find_first_not_of("*?") == pattern.npos;
}

// An integral number compares as its text; another one matches wildcards only.
bool tag_matches(const trace::Span& span, std::string_view name, std::string_view pattern) {
  const trace::Key key(name);
  double number = 0;
  if (span.number(key, number)) {
    if (number > -9e15 && number < 9e15 && number == static_cast<double>(
                                                        static_cast<std::int64_t>(number)))
      return glob_matches(pattern, std::to_string(static_cast<std::int64_t>(number)));
    return only_wildcards(pattern);
  }
  return span.has(key) && glob_matches(pattern, span.text(key));
}

// One object. False: the text is not JSON and reading must stop.
bool read_rule(Reader& in, Rule& rule, std::string& problem) {
  bool has_rate = false;
  if (in.take('}')) return problem = "a rule has no sample_rate", true;
  do {
    const auto key = in.string();
    if (!key || !in.take(':')) return false;
    if (*key == "sample_rate") {
      const auto word = in.word();
      const auto rate = word ? config::parse_double(*word) : std::nullopt;
      if (!rate) return problem = "sample_rate is not a number", word.has_value();
      rule.rate = std::clamp(*rate, 0.0, 1.0);
      has_rate = true;
    } else if (*key == "service" || *key == "name" || *key == "resource") {
      if (in.peek() != '"') {
        if (!in.skip()) return false;
        continue;
      }
      const auto text = in.string();
      if (!text) return false;
      (*key == "service" ? rule.service : *key == "name" ? rule.name : rule.resource) = *text;
    } else if (*key == "provenance") {
      const auto text = in.string();
      if (!text) return false;
      if (*text == "customer")
        rule.provenance = Provenance::kCustomer;
      else if (*text == "dynamic")
        rule.provenance = Provenance::kDynamic;
      else if (*text != "default")
        problem = "provenance " + text->substr(0, 40) + " is unknown";
    } else if (*key == "tags" && in.peek() == '{') {
      in.take('{');
      if (in.take('}')) continue;
      do {
        const auto name = in.string();
        if (!name || !in.take(':')) return false;
        const auto value = in.string();
        if (!value) return false;
        rule.tags.emplace_back(*name, *value);
      } while (in.take(','));
      if (!in.take('}')) return false;
    } else {
      problem = "key " + key->substr(0, 40) + " is unknown";
      if (!in.skip()) return false;
    }
  } while (in.take(','));
  if (!in.take('}')) return false;
  if (!has_rate && problem.empty()) problem = "a rule has no sample_rate";
  return true;
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = pattern.npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() &&
               (pattern[p] == '?' || config::lower(pattern[p]) == config::lower(text[t]))) {
      ++p;
      ++t;
    } else if (star != pattern.npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool Rule::matches(const trace::Span& span) const {
  const auto fits = [](const std::string& glob, const trace::Text& text) {
    return glob.empty() || glob_matches(glob, text.present() ? text.view() : "None");
  };
  if (!fits(service, span.service) || !fits(name, span.name) || !fits(resource, span.resource))
    return false;
  return std::all_of(tags.begin(), tags.end(),
                     [&](const auto& tag) { return tag_matches(span, tag.first, tag.second); });
}

std::vector<Rule> parse_rules(std::string_view json, std::vector<std::string>* problems) {
  std::vector<Rule> rules;
  const auto report = [&](std::string problem) {
    if (problems) problems->push_back(std::move(problem));
  };
  Reader in(json);
  if (in.at_end()) return rules;
  bool good = in.take('[');
  if (good && !in.take(']')) {
    do {
      Rule rule;
      std::string problem;
      good = in.take('{') && read_rule(in, rule, problem);
      if (!problem.empty())
        report(problem);
      else if (good)
        rules.push_back(std::move(rule));
    } while (good && rules.size() < 1000 && in.take(','));
    good = good && in.take(']');
  }
  if (!good) report("the text is not a JSON list of rules");
  std::stable_sort(rules.begin(), rules.end(),
                   [](const Rule& a, const Rule& b) { return a.provenance < b.provenance; });
  return rules;
}

}  // namespace dd::sampling
