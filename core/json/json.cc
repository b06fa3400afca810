#include "core/json/json.h"

#include <charconv>
#include <cmath>

namespace dd::json {
namespace {

bool blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool digit(char c) { return c >= '0' && c <= '9'; }

void append_utf8(std::string& out, unsigned code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
    return;
  }
  const int tail = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  constexpr unsigned kLead[] = {0, 0xC0, 0xE0, 0xF0};
  out += static_cast<char>(kLead[tail] | code >> (6 * tail));
  for (int i = tail; i-- > 0;) out += static_cast<char>(0x80 | ((code >> (6 * i)) & 0x3F));
}

}  // namespace

const std::vector<Value>& Value::items() const { return items_; }
const std::vector<Value::Member>& Value::members() const { return members_; }

const Value& Value::operator[](std::string_view name) const {
  static constinit const Value* nothing = nullptr;
  for (auto at = members_.rbegin(); at != members_.rend(); ++at)
    if (at->name == name) return at->value;
  if (!nothing) nothing = new Value;
  return *nothing;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  bool whole(Value& out) {
    if (!value(out, 0)) return false;
    skip();
    return at_ == text_.size();
  }

 private:
  void skip() {
    while (at_ < text_.size() && blank(text_[at_])) ++at_;
  }
  bool take(char wanted) {
    skip();
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  bool word(std::string_view wanted) {
    if (text_.substr(at_, wanted.size()) != wanted) return false;
    at_ += wanted.size();
    return true;
  }

  bool value(Value& out, int depth) {
    skip();
    if (at_ >= text_.size() || depth > kMaxDepth) return false;
    switch (text_[at_]) {
      case '{':
        return object(out, depth);
      case '[':
        return array(out, depth);
      case '"':
        out.kind_ = Value::Kind::kText;
        return string(out.text_);
      case 't':
      case 'f':
        out.kind_ = Value::Kind::kBool;
        out.flag_ = text_[at_] == 't';
        return word(out.flag_ ? "true" : "false");
      case 'n':
        return word("null");
      default:
        return number(out);
    }
  }

  bool object(Value& out, int depth) {
    out.kind_ = Value::Kind::kObject;
    ++at_;
    if (take('}')) return true;
    do {
      Value::Member& member = out.members_.emplace_back();
      skip();
      if (!string(member.name) || !take(':') || !value(member.value, depth + 1)) return false;
    } while (take(','));
    return take('}');
  }

  bool array(Value& out, int depth) {
    out.kind_ = Value::Kind::kArray;
    ++at_;
    if (take(']')) return true;
    do
      if (!value(out.items_.emplace_back(), depth + 1)) return false;
    while (take(','));
    return take(']');
  }

  bool number(Value& out) {
    const std::size_t start = at_;
    const auto digits = [this] {
      const std::size_t first = at_;
      while (at_ < text_.size() && digit(text_[at_])) ++at_;
      return at_ - first;
    };
    if (at_ < text_.size() && text_[at_] == '-') ++at_;
    const std::size_t first = at_;
    const std::size_t count = digits();
    if (count == 0 || (count > 1 && text_[first] == '0')) return false;
    bool whole = true;
    if (at_ < text_.size() && text_[at_] == '.') {
      whole = false;
      ++at_;
      if (!digits()) return false;
    }
    if (at_ < text_.size() && (text_[at_] | 32) == 'e') {
      whole = false;
      ++at_;
      if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
      if (!digits()) return false;
    }
    const char *begin = text_.data() + start, *end = text_.data() + at_;
    out.kind_ = Value::Kind::kNumber;
    // Out of range leaves 0, or the largest there is; both are numbers.
    if (std::from_chars(begin, end, out.number_).ec != std::errc()) out.number_ = 0;
    out.whole_ = whole && std::from_chars(begin, end, out.integer_).ec == std::errc();
    return true;
  }

  bool hex4(unsigned& out) {
    if (text_.size() - at_ < 4) return false;
    const char* const begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, begin + 4, out, 16);
    at_ += 4;
    return error == std::errc() && end == begin + 4;
  }

  bool string(std::string& out) {
    if (at_ >= text_.size() || text_[at_] != '"') return false;
    for (++at_; at_ < text_.size();) {
      const char c = text_[at_++];
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c != '\\') {
        out += c;
        continue;
      }
      if (at_ >= text_.size()) return false;
      constexpr std::string_view kNames = "\"\\/bfnrt", kMeant = "\"\\/\b\f\n\r\t";
      const char escape = text_[at_++];
      if (const std::size_t i = kNames.find(escape); i != kNames.npos) {
        out += kMeant[i];
        continue;
      }
      unsigned code = 0, low = 0;
      if (escape != 'u' || !hex4(code)) return false;
      if (code >= 0xD800 && code < 0xDC00 && text_.substr(at_, 2) == "\\u") {
        const std::size_t before = at_;
        at_ += 2;
        if (!hex4(low)) return false;
        if (low >= 0xDC00 && low < 0xE000)
          code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        else
          at_ = before;
      }
      if (code >= 0xD800 && code < 0xE000) code = 0xFFFD;  // half of a pair
      append_utf8(out, code);
    }
    return false;
  }

  const std::string_view text_;
  std::size_t at_ = 0;
};

std::optional<Value> parse(std::string_view text) {
  Value out;
  if (!Parser(text).whole(out)) return std::nullopt;
  return out;
}

void Writer::separate() {
  if (comma_) out_ += ',';
  comma_ = true;
}

Writer& Writer::open(char bracket) {
  separate();
  out_ += bracket;
  closers_ += bracket == '{' ? '}' : ']';
  comma_ = false;
  return *this;
}

Writer& Writer::close() {
  if (closers_.empty()) return *this;
  out_ += closers_.back();
  closers_.pop_back();
  comma_ = true;
  return *this;
}

Writer& Writer::key(std::string_view name) {
  separate();
  quote(name);
  out_ += ':';
  comma_ = false;
  return *this;
}

Writer& Writer::value(std::string_view text) {
  separate();
  quote(text);
  return *this;
}

Writer& Writer::value(double number) {
  if (!std::isfinite(number)) return null();
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof(text), number);
  return raw({text, static_cast<std::size_t>(end - text)});
}

Writer& Writer::value(const Value& read) {
  switch (read.kind()) {
    case Value::Kind::kNull:
      return null();
    case Value::Kind::kBool:
      return value(read.boolean());
    case Value::Kind::kNumber:
      return value(read.number());
    case Value::Kind::kText:
      return value(read.text());
    case Value::Kind::kArray:
      open_array();
      for (const Value& item : read.items()) value(item);
      return close();
    case Value::Kind::kObject:
      open_object();
      for (const auto& [name, member] : read.members()) key(name).value(member);
      return close();
  }
  return *this;
}

Writer& Writer::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

void Writer::quote(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  out_ += '"';
  std::size_t copied = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool control = static_cast<unsigned char>(c) < 0x20;
    if (!control && c != '"' && c != '\\') continue;
    out_.append(text, copied, i - copied);
    copied = i + 1;
    if (control)
      out_.append("\\u00").append({kHex[c >> 4], kHex[c & 15]});
    else
      out_.append({'\\', c});
  }
  out_.append(text, copied).append(1, '"');
}

}  // namespace dd::json
