// Secrets in query strings: every match of a pattern becomes "<redacted>".
//
// The pattern is a setting (DD_TRACE_OBFUSCATION_QUERY_STRING_REGEXP) and comes from outside, so it
// runs on an engine whose time is linear in the text. It is compiled on first use and kept for the
// life of the process.
//
// Source: engines.md section 3.

#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace dd::http {

extern const std::string_view kDefaultQueryPattern;

class QueryRedactor {
 public:
  // An empty pattern hides nothing. `pattern` is copied.
  explicit QueryRedactor(std::string_view pattern);
  ~QueryRedactor();
  QueryRedactor(const QueryRedactor&) = delete;
  QueryRedactor& operator=(const QueryRedactor&) = delete;

  // False when the pattern does not compile: then no query may be shown.
  bool usable() const;

  // The URL with a redacted query; without any query when the pattern is not usable. Any thread.
  std::string url(std::string_view url) const;
  // The query alone; empty when the pattern is not usable.
  std::string query(std::string_view query) const;

 private:
  struct Compiled;
  void add_query(std::string& out, std::string_view query) const;  // redacted

  std::unique_ptr<const Compiled> compiled_;  // null: hides nothing
};

// What a span shows of a URL: no credentials, and a query as the settings say.
std::string shown_url(std::string_view url, bool with_query, const QueryRedactor& redactor);

}  // namespace dd::http
