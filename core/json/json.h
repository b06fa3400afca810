// JSON that comes from outside, and JSON that goes out.
//
//     const std::optional<json::Value> info = json::parse(body);
//     if (!info) return;
//     for (const json::Value& one : (*info)["endpoints"].items()) add(one.text());
//     const double rate = (*info)["rate"].number(1.0);
//
// Reading is total: what is missing or of another kind reads as empty. The parser takes exactly
// RFC 8259, keeps the order of members, and refuses what is nested deeper than kMaxDepth.
//
//     json::Writer out;
//     out.open_object().key("a").value(1).key("b").open_array().value("x").close().close();
//     send(out.take());

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dd::json {

inline constexpr int kMaxDepth = 64;

class Value {
 public:
  enum class Kind : std::uint8_t { kNull, kBool, kNumber, kText, kArray, kObject };
  struct Member;

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::kNull; }
  bool boolean(bool otherwise = false) const { return kind_ == Kind::kBool ? flag_ : otherwise; }
  double number(double otherwise = 0) const { return kind_ == Kind::kNumber ? number_ : otherwise; }
  // Whole numbers keep all their digits; others, and those beyond 64 bits, are `otherwise`.
  std::int64_t integer(std::int64_t otherwise = 0) const {
    return kind_ == Kind::kNumber && whole_ ? integer_ : otherwise;
  }
  std::string_view text(std::string_view otherwise = {}) const& {
    return kind_ == Kind::kText ? std::string_view(text_) : otherwise;
  }
  std::string_view text(std::string_view otherwise = {}) && = delete;
  const std::vector<Value>& items() const;               // of an array; else none
  const std::vector<Member>& members() const;            // of an object, in order; else none
  const Value& operator[](std::string_view name) const;  // the last of that name; else null

 private:
  friend class Parser;
  Kind kind_ = Kind::kNull;
  bool flag_ = false, whole_ = false;
  double number_ = 0;
  std::int64_t integer_ = 0;
  std::string text_;
  std::vector<Value> items_;
  std::vector<Member> members_;
};

struct Value::Member {
  std::string name;
  Value value;
};

std::optional<Value> parse(std::string_view text);

// Commas and quotes are its business, balance is the caller's.
class Writer {
 public:
  Writer& open_object() { return open('{'); }
  Writer& open_array() { return open('['); }
  Writer& close();
  Writer& key(std::string_view name);
  Writer& value(std::string_view text);
  Writer& value(const char* text) { return value(std::string_view(text)); }
  Writer& value(bool flag) { return raw(flag ? "true" : "false"); }
  Writer& value(double number);  // null when not finite
  Writer& value(std::int64_t number) { return raw(std::to_string(number)); }
  Writer& value(std::uint64_t number) { return raw(std::to_string(number)); }
  Writer& value(int number) { return raw(std::to_string(number)); }
  Writer& value(const Value& read);
  Writer& null() { return raw("null"); }
  Writer& raw(std::string_view json);  // a value that is JSON already
  template <class T>
  Writer& field(std::string_view name, const T& held) {
    return key(name).value(held);
  }
  const std::string& text() const { return out_; }
  std::string take() { return std::move(out_); }

 private:
  Writer& open(char bracket);
  void separate();
  void quote(std::string_view text);
  std::string out_;
  std::string closers_;
  bool comma_ = false;
};

}  // namespace dd::json
