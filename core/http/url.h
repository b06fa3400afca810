// What spans show of a URL. Pure text; total: what is no URL gives empty parts.
//
//   http://user:pw@host:80/a;p?q=1#f
//          authority       path query fragment
//
// Source: engines.md section 3.

#pragma once

#include <string>
#include <string_view>

namespace dd::http {

// Views into the text given to parse(); what is absent is empty.
struct Url {
  std::string_view scheme;
  std::string_view credentials;  // "user:pw"
  std::string_view authority;    // "host:80", without credentials
  std::string_view host;         // without port and brackets, in the case it was written
  std::string_view port;         // digits, or empty
  std::string_view path;         // without the parameters of its last segment
  std::string_view query;        // without '?'
  std::string_view fragment;     // without '#'
  bool has_query = false;        // a '?' is there
};

Url parse(std::string_view url);

// The URL without credentials. One that had any also loses path parameters and its fragment.
std::string without_credentials(std::string_view url);

// The URL without its query; the fragment stays.
std::string without_query(std::string_view url);

}  // namespace dd::http
