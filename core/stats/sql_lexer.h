// Words of a query, for obfuscate_sql(). Looks at bytes; what is not ASCII is part of a word.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dd::stats {

enum class SqlToken : std::uint8_t {
  kEnd,
  kWord,
  kValues,  // the word before rows
  kAs,
  kSavepoint,
  kValue,   // number, text, null, true, a placeholder: what is replaced
  kQuoted,  // "text in double quotes", usually a name
  kComment,
  kSign,  // operators and punctuation: one of its own, in `text`
};

struct SqlPiece {
  SqlToken token = SqlToken::kEnd;
  std::string_view text;  // without the quotes of names
  bool is(char sign) const {
    return token == SqlToken::kSign && text.size() == 1 && text[0] == sign;
  }
};

class SqlLexer {
 public:
  explicit SqlLexer(std::string_view query) : query_(query) {}
  SqlPiece next();

 private:
  char at(std::size_t ahead = 0) const {
    return position_ + ahead < query_.size() ? query_[position_ + ahead] : '\0';
  }
  SqlPiece since(std::size_t start, SqlToken token) const {
    return {token, query_.substr(start, position_ - start)};
  }
  SqlPiece word();
  SqlPiece number();
  SqlPiece sign(std::size_t size);
  SqlPiece quoted(char quote, SqlToken token);
  SqlPiece line_comment();
  SqlPiece block_comment();
  SqlPiece dollar();
  SqlPiece percent();
  SqlPiece colon();
  SqlPiece curly();

  std::string_view query_;
  std::size_t position_ = 0;
};

}  // namespace dd::stats
