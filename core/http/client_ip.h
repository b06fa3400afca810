// Who sent a request, as its headers and its peer address tell.
//
// Source: engines.md section 3.

#pragma once

#include <string>
#include <string_view>

namespace dd::http {

// The value of a request header by its lower-case name with '-'; null data when it is absent.
struct HeaderReader {
  std::string_view (*read)(const void* from, std::string_view name);
  const void* from;
};

// Empty when nobody can be told. `only_header` (DD_TRACE_CLIENT_IP_HEADER), when not empty, is the
// one header to believe; without a plain address it says nothing.
std::string client_ip(const HeaderReader& headers, std::string_view peer,
                      std::string_view only_header);

enum class Reach : unsigned char { kInvalid, kPrivate, kGlobal };
// Whether the text is an address of the public Internet. IPv6 without brackets.
Reach reach(std::string_view address);

}  // namespace dd::http
