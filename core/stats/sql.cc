#include "core/stats/sql.h"

#include <optional>

#include "core/stats/sql_lexer.h"

namespace dd::stats {
namespace {

// Writes the pieces that are kept. Of values in a row, separated by commas, only the first is
// written; of "(?), (?)" only the first pair of brackets.
class SqlWriter {
 public:
  void put(SqlPiece piece) {
    using enum SqlToken;
    if (after_alias_) {
      // "AS name" and "AS [name]": all of it.
      if (piece.is('[')) {
        in_alias_brackets_ = true;
        return;
      }
      if (in_alias_brackets_ && !piece.is(']')) return;
      const bool name = in_alias_brackets_ || piece.token == kWord || piece.token == kQuoted;
      after_alias_ = in_alias_brackets_ = false;
      last_ = Last::kDropped;
      if (name) return;
    }
    if (piece.token == kAs) {
      after_alias_ = true;
      alias_word_ = piece.text;
      return;
    }
    if (piece.token == kComment || piece.is(';')) {
      // A value after a leading semicolon is not seen.
      if (piece.token == kSign && out_.empty()) ++values_;
      last_ = Last::kDropped;
      return;
    }
    const bool value =
        piece.token == kValue ||
        (last_ == Last::kSavepoint && piece.token == kWord && piece.text[0] != '@') ||
        (piece.token == kQuoted && last_ == Last::kEquals);
    group(value ? SqlPiece{kValue, "?"} : piece, value);
  }
  std::string take() {
    if (after_alias_ && !in_alias_brackets_) write(alias_word_);
    return std::move(out_);
  }

 private:
  enum class Last : std::uint8_t {
    kNothing,
    kOther,
    kDropped,
    kSavepoint,
    kEquals,
    kColon,
    kOpen,
    kValue,
    kCloseAfterValue
  };

  void group(const SqlPiece& piece, bool value) {
    const bool open = piece.is('('), close = piece.is(')'), comma = piece.is(',');
    if (value) {
      if (++values_ > 1 || row_dropped_) {
        value_dropped_ = true;
        return drop();
      }
    } else if (!comma && !open && !close) {
      // A row that was left out as one more of the same kind is not.
      if (row_dropped_) write("(");
      if (row_dropped_ && value_dropped_) write("?");
      row_dropped_ = false;
      values_ = 0;
      rows_ = piece.token == SqlToken::kValues ? Rows::kFirst : Rows::kNone;
    } else if (open && rows_ == Rows::kMore) {
      row_dropped_ = true;
      value_dropped_ = false;
      return drop();
    } else if (row_dropped_ || (comma && values_ > 0)) {
      if (close) row_dropped_ = false;
      return drop();
    } else if (comma && last_ == Last::kCloseAfterValue) {
      return drop();
    }
    const bool row_ends = close && rows_ == Rows::kFirst && last_ == Last::kValue;
    if (row_ends)
      rows_ = Rows::kMore;
    else if (open && last_ == Last::kOpen)
      rows_ = Rows::kNone;
    write(piece.text, !comma && !(piece.is('=') && last_ == Last::kColon));
    last_ = value                                 ? Last::kValue
            : piece.token == SqlToken::kSavepoint ? Last::kSavepoint
            : open                                ? Last::kOpen
            : close && values_ > 0                ? Last::kCloseAfterValue
            : piece.is('=')                       ? Last::kEquals
            : piece.is(':')                       ? Last::kColon
                                                  : Last::kOther;
    if (close) values_ = 0;
  }
  void drop() { last_ = Last::kValue; }
  void write(std::string_view text, bool apart = true) {
    if (!out_.empty() && apart) out_ += ' ';
    out_ += text;
  }

  std::string out_;
  std::string_view alias_word_;
  Last last_ = Last::kNothing;
  bool after_alias_ = false, in_alias_brackets_ = false;
  bool row_dropped_ = false, value_dropped_ = false;
  int values_ = 0;                                                              // in a row, so far
  enum class Rows : std::uint8_t { kNone, kFirst, kMore } rows_ = Rows::kNone;  // after VALUES
};

}  // namespace

std::string obfuscate_sql(std::string_view query) {
  SqlLexer lexer(query);
  SqlWriter writer;
  for (SqlPiece piece = lexer.next(); piece.token != SqlToken::kEnd; piece = lexer.next())
    writer.put(piece);
  return writer.take();
}

}  // namespace dd::stats
