#include "core/stats/obfuscate.h"

#include <algorithm>
#include <vector>

#include "core/stats/quantize.h"
#include "core/stats/sql.h"

namespace dd::stats {
namespace {

// Which arguments of a command are values.
struct Command {
  std::string_view names;  // with a blank before and behind each
  enum class Form : char { kOne, kRest, kEvery } form;
  std::size_t at, step = 0;  // the argument; kEvery: the first, then each `step`th
};
constexpr Command kCommands[] = {
    {" AUTH HELLO MIGRATE ", Command::Form::kRest, 0},
    {" APPEND GETSET LPUSHX GEORADIUSBYMEMBER RPUSHX SET SETNX SISMEMBER ZRANK ZREVRANK ZSCORE ",
     Command::Form::kOne, 1},
    {" HSETNX LREM LSET SETBIT SETEX PSETEX SETRANGE ZINCRBY SMOVE RESTORE ", Command::Form::kOne,
     2},
    {" LINSERT ", Command::Form::kOne, 3},
    {" GEOHASH GEOPOS GEODIST LPUSH RPUSH SREM ZREM SADD ", Command::Form::kRest, 1},
    {" GEOADD ", Command::Form::kEvery, 3, 3},
    {" HSET HMSET ", Command::Form::kEvery, 2, 2},
    {" MSET MSETNX ", Command::Form::kEvery, 1, 2},
};

std::string upper_word(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  return out;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> out;
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t start = line.find_first_not_of(" \t\r", at);
    if (start == line.npos) break;
    at = start + 1;
    if (line[start] == '"') {  // a text with blanks
      while (at < line.size() && line[at] != '"') at += line[at] == '\\' ? 2 : 1;
      at = std::min(at + 1, line.size());
    } else {
      at = std::min(line.find_first_of(" \t\r", start), line.size());
    }
    out.push_back(line.substr(start, at - start));
  }
  return out;
}

void hide(std::vector<std::string_view>& words) {
  constexpr std::string_view kHidden = "?";
  const std::string name = " " + upper_word(words[0]) + " ";
  const std::size_t arguments = words.size() - 1;
  for (const Command& command : kCommands) {
    if (command.names.find(name) == command.names.npos) continue;
    if (command.form == Command::Form::kOne && arguments > command.at)
      words[1 + command.at] = kHidden;
    if (command.form == Command::Form::kRest && arguments > command.at) {
      words.resize(2 + command.at);
      words.back() = kHidden;
    }
    for (std::size_t at = command.at; command.form == Command::Form::kEvery && at < arguments;
         at += command.step)
      words[1 + at] = kHidden;
  }
  if (name == " CONFIG " && arguments > 2 && upper_word(words[1]) == "SET") words[3] = kHidden;
  if (name == " BITFIELD ")
    for (std::size_t at = 1; at + 3 < words.size(); ++at)
      if (upper_word(words[at]) == "SET") words[at + 3] = kHidden;
  if (name == " ZADD ") {
    std::size_t at = 2;
    const auto option = [](std::string_view word) {
      const std::string big = upper_word(word);
      return big == "NX" || big == "XX" || big == "CH" || big == "INCR";
    };
    while (at < words.size() && option(words[at])) ++at;
    for (++at; at < words.size(); at += 2) words[at] = kHidden;
  }
}

bool is_sql(std::string_view type) { return type == "sql" || type == "cassandra"; }
bool is_redis(std::string_view type) { return type == "redis" || type == "valkey"; }

}  // namespace

std::string obfuscate_redis(std::string_view commands) {
  std::string out;
  while (!commands.empty()) {
    const std::size_t end = commands.find('\n');
    std::vector<std::string_view> words = words_of(commands.substr(0, end));
    commands = end == commands.npos ? std::string_view() : commands.substr(end + 1);
    if (words.empty()) continue;
    hide(words);
    if (!out.empty()) out += '\n';
    for (const std::string_view word : words) {
      if (!out.empty() && out.back() != '\n') out += ' ';
      out += word;
    }
  }
  return out;
}

std::string obfuscate_json(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n", kEnds = " \t\r\n,:[]{}\"";
  std::string out, open;
  bool key = false;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (kBlank.find(c) != kBlank.npos) {
      ++at;
      continue;
    }
    if (open.empty() && !out.empty()) out += ' ';  // another document
    if (c == '{' || c == '[') {
      open += c;
      out += c;
      key = c == '{';
      ++at;
    } else if (c == '}' || c == ']') {
      if (open.empty() || open.back() != (c == '}' ? '{' : '[')) return out + "...";
      open.pop_back();
      out += c;
      ++at;
    } else if (c == ',' || c == ':') {
      out += c;
      key = c == ',' && !open.empty() && open.back() == '{';
      ++at;
    } else if (c == '"') {
      std::size_t end = at + 1;
      while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
      if (end >= text.size()) return out + "...";
      out += key ? text.substr(at, end + 1 - at) : std::string_view("\"?\"");
      at = end + 1;
    } else {
      const std::string_view word = text.substr(at, text.find_first_of(kEnds, at) - at);
      const bool number = c == '-' || (c >= '0' && c <= '9');
      if (key || (!number && word != "true" && word != "false" && word != "null"))
        return out + "...";
      out += "\"?\"";
      at += word.size();
    }
  }
  return open.empty() ? out : out + "...";
}

std::string_view obfuscated(const trace::Span& span, std::string_view key, std::string_view value,
                            std::string& storage) {
  const std::string_view type = span.type.view();
  if (type.empty() || value.empty()) return value;
  if (is_sql(type) && key.empty()) return storage = obfuscate_sql(value);
  if (is_sql(type) && key == "sql.query")
    return storage = obfuscate_sql(span.resource.size ? span.resource.view() : value);
  if (is_redis(type) && key.empty()) return storage = quantize_redis(value);
  if (is_redis(type) && (key == "redis.raw_command" || key == "valkey.raw_command"))
    return storage = obfuscate_redis(value);
  if (type == "memcached" && key == "memcached.command") return {};
  if ((type == "elasticsearch" && key == "elasticsearch.body") ||
      (type == "opensearch" && key == "opensearch.body") ||
      (type == "mongodb" && key == "mongodb.query"))
    return storage = obfuscate_json(value);
  return value;
}

std::string query_of(const trace::Span& span) {
  if (!is_sql(span.type.view()) || !span.resource.size || span.has(trace::Key("sql.query")))
    return {};
  return obfuscate_sql(span.resource.view());
}

}  // namespace dd::stats
