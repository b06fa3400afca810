// HTTP/1.x responses, from bytes as they come.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dd::transport {

inline constexpr std::size_t kMaxResponse = 1 << 20;  // of a body

struct Response {
  int status = 0;
  std::string head;  // header lines, "name: value\r\n" each
  std::string body;
  bool keep_alive = false;
  // The first of that name, in any case; empty when there is none.
  std::string_view header(std::string_view name) const;
};

enum class Parsed : std::uint8_t { kMore, kDone, kBad };
// What has come so far of one response; `ended`: nothing more will. Larger bodies are bad.
Parsed parse_response(std::string_view bytes, bool ended, Response& out);

}  // namespace dd::transport
