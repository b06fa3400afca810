#include "core/stats/sql_lexer.h"

#include <algorithm>

#include "core/base/ascii.h"

namespace dd::stats {
namespace {

bool sql_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool sql_letter(char c) {
  return base::is_letter(c) || c == '_' || c == '@' || static_cast<unsigned char>(c) >= 0x80;
}
bool in_word(char c) {
  return sql_letter(c) || base::is_digit(c) || c == '.' || c == '*' || c == '$' || c == '#';
}

bool same_word(std::string_view text, std::string_view upper) {
  return text.size() == upper.size() &&
         std::equal(text.begin(), text.end(), upper.begin(),
                    [](char a, char b) { return (a >= 'a' && a <= 'z' ? a - 32 : a) == b; });
}

}  // namespace

SqlPiece SqlLexer::next() {
  while (position_ < query_.size() && sql_blank(at())) ++position_;
  if (position_ >= query_.size()) return {};
  const char c = at(), after = at(1);
  if (c == '@' && after == '>') return sign(2);
  if (sql_letter(c)) return word();
  if (base::is_digit(c) || (c == '.' && base::is_digit(after))) return number();
  if (c == '-' && (base::is_digit(after) || (after == '.' && base::is_digit(at(2))))) {
    const std::size_t start = position_++;
    (void)number();
    return since(start, SqlToken::kValue);
  }
  switch (c) {
    case '\'':
      return quoted(c, SqlToken::kValue);
    case '"':
      return quoted(c, SqlToken::kQuoted);
    case '`':
      return quoted(c, SqlToken::kWord);
    case '?':
      if (after == '|' || after == '&') return sign(2);
      ++position_;
      return since(position_ - 1, SqlToken::kValue);
    case '$':
      return dollar();
    case '%':
      return percent();
    case ':':
      return colon();
    case '{':
      return curly();
    case '#':
      return line_comment();
    case '-':
      if (after == '-') return line_comment();
      return sign(after != '>' ? 1 : at(2) == '>' ? 3 : 2);
    case '/':
      return after == '*' ? block_comment() : after == '/' ? line_comment() : sign(1);
    case '<':
      return sign(after == '=' || after == '>' ? 2 : 1);
    case '>':
      return sign(after == '=' ? 2 : 1);
    case '!':
      return sign(after == '=' ? 2 : after == '~' ? (at(2) == '*' ? 3 : 2) : 1);
    case '~':
      return sign(after == '*' ? 2 : 1);
    default:
      return sign(1);
  }
}

SqlPiece SqlLexer::word() {
  const std::size_t start = position_;
  while (position_ < query_.size() && in_word(at())) ++position_;
  SqlPiece out = since(start, SqlToken::kWord);
  struct Known {
    std::string_view name;
    SqlToken token;
  };
  static constexpr Known kKnown[] = {
      {"AS", SqlToken::kAs},         {"NULL", SqlToken::kValue},
      {"TRUE", SqlToken::kValue},    {"FALSE", SqlToken::kValue},
      {"VALUES", SqlToken::kValues}, {"SAVEPOINT", SqlToken::kSavepoint}};
  for (const Known& one : kKnown)
    if (same_word(out.text, one.name)) out.token = one.token;
  return out;
}

SqlPiece SqlLexer::number() {
  const std::size_t start = position_;
  const auto digits = [this](auto&& belongs) {
    while (position_ < query_.size() && belongs(at())) ++position_;
  };
  if (at() == '0' && (at(1) == 'x' || at(1) == 'X')) {
    position_ += 2;
    digits(base::is_hex_digit);
    return since(start, SqlToken::kValue);
  }
  digits(base::is_digit);
  if (at() == '.') {
    ++position_;
    digits(base::is_digit);
  }
  if (at() == 'e' || at() == 'E') {
    ++position_;
    if (at() == '+' || at() == '-') ++position_;
    digits(base::is_digit);
  }
  return since(start, SqlToken::kValue);
}

SqlPiece SqlLexer::sign(std::size_t size) {
  position_ += size;
  return since(position_ - size, SqlToken::kSign);
}

SqlPiece SqlLexer::quoted(char quote, SqlToken token) {
  const std::size_t start = ++position_;
  for (; position_ < query_.size(); ++position_) {
    if (at() == '\\') {
      ++position_;
    } else if (at() == quote) {
      if (at(1) != quote) break;
      ++position_;
    }
  }
  position_ = std::min(position_, query_.size());
  const SqlPiece out = since(start, token);
  if (position_ < query_.size()) ++position_;
  return out;
}

SqlPiece SqlLexer::line_comment() {
  const std::size_t start = position_;
  position_ = std::min(query_.find('\n', position_), query_.size());
  return since(start, SqlToken::kComment);
}

SqlPiece SqlLexer::block_comment() {
  const std::size_t start = position_;
  const std::size_t end = query_.find("*/", position_ + 2);
  position_ = end == query_.npos ? query_.size() : end + 2;
  return since(start, SqlToken::kComment);
}

// $1, or $tag$ ... $tag$.
SqlPiece SqlLexer::dollar() {
  const std::size_t start = position_++;
  if (base::is_digit(at())) {
    while (base::is_digit(at())) ++position_;
    return since(start, SqlToken::kValue);
  }
  const std::size_t end = query_.find('$', position_);
  if (end == query_.npos) {
    position_ = query_.size();
    return since(start, SqlToken::kValue);
  }
  const std::string_view tag = query_.substr(start, end + 1 - start);
  const std::size_t close = query_.find(tag, end + 1);
  position_ = close == query_.npos ? query_.size() : close + tag.size();
  return since(start, SqlToken::kValue);
}

// %s, %(name)s; otherwise a remainder.
SqlPiece SqlLexer::percent() {
  if (at(1) == '(') {
    const std::size_t start = position_;
    const std::size_t close = query_.find(')', position_);
    position_ = close == query_.npos ? query_.size() : std::min(close + 2, query_.size());
    return since(start, SqlToken::kValue);
  }
  if (!sql_letter(at(1))) return sign(1);
  position_ += 2;
  return since(position_ - 2, SqlToken::kValue);
}

// ::, :=, :name.
SqlPiece SqlLexer::colon() {
  if (at(1) == ':' || at(1) == '=') return sign(2);
  if (!sql_letter(at(1)) && !base::is_digit(at(1))) return sign(1);
  const std::size_t start = position_++;
  while (position_ < query_.size() &&
         (sql_letter(at()) || base::is_digit(at()) || at() == '.' || at() == '$'))
    ++position_;
  return since(start, SqlToken::kWord);
}

// {d '2020-01-01'}
SqlPiece SqlLexer::curly() {
  const std::size_t start = position_;
  const std::size_t close = query_.find('}', position_);
  position_ = close == query_.npos ? query_.size() : close + 1;
  return since(start, SqlToken::kValue);
}

}  // namespace dd::stats
