#include "core/transport/response.h"

#include <algorithm>
#include <charconv>

#include "core/base/ascii.h"

namespace dd::transport {
namespace {

std::string_view strip(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

template <class T>
bool parse_number(std::string_view text, T& out, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

Parsed parse_chunked(std::string_view bytes, std::string& body) {
  for (;;) {
    const std::size_t line = bytes.find("\r\n");
    if (line == std::string_view::npos) return bytes.size() > 1024 ? Parsed::kBad : Parsed::kMore;
    std::size_t size = 0;
    if (!parse_number(strip(bytes.substr(0, std::min(line, bytes.find(';')))), size, 16) ||
        size > kMaxResponse || body.size() + size > kMaxResponse)
      return Parsed::kBad;
    bytes.remove_prefix(line + 2);
    if (size == 0)
      return bytes.starts_with("\r\n") || bytes.find("\r\n\r\n") != std::string_view::npos
                 ? Parsed::kDone
                 : Parsed::kMore;
    if (bytes.size() < size + 2) return Parsed::kMore;
    if (bytes.substr(size, 2) != "\r\n") return Parsed::kBad;
    body.append(bytes.substr(0, size));
    bytes.remove_prefix(size + 2);
  }
}

}  // namespace

std::string_view Response::header(std::string_view name) const {
  std::string_view rest = head;
  while (!rest.empty()) {
    const std::size_t end = rest.find("\r\n");
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 2, rest.size()));
    const std::size_t colon = line.find(':');
    if (colon != line.npos && base::same_ignoring_case(line.substr(0, colon), name))
      return strip(line.substr(colon + 1));
  }
  return {};
}

Parsed parse_response(std::string_view bytes, bool ended, Response& out) {
  for (;;) {
    out = {};
    const std::size_t head_end = bytes.find("\r\n\r\n");
    if (head_end == std::string_view::npos) {
      constexpr std::string_view kStart = "HTTP/1.";
      const std::size_t seen = std::min(bytes.size(), kStart.size());
      if (ended || bytes.substr(0, seen) != kStart.substr(0, seen) || bytes.size() > 65536)
        return Parsed::kBad;
      return Parsed::kMore;
    }
    std::string_view head = bytes.substr(0, head_end + 2);
    std::string_view rest = bytes.substr(head_end + 4);
    if (head.size() < 14 || !head.starts_with("HTTP/1.") || head[8] != ' ' ||
        !parse_number(head.substr(9, 3), out.status) || out.status < 100)
      return Parsed::kBad;
    out.keep_alive = head[7] == '1';
    head.remove_prefix(head.find("\r\n") + 2);
    out.head = head;
    std::size_t length = 0;
    bool has_length = false, chunked = false;
    while (!head.empty()) {
      const std::size_t line_end = head.find("\r\n");
      const std::string_view line = head.substr(0, line_end);
      head.remove_prefix(line_end + 2);
      const std::size_t colon = line.find(':');
      if (colon == std::string_view::npos) return Parsed::kBad;
      const std::string_view name = line.substr(0, colon), value = strip(line.substr(colon + 1));
      if (base::same_ignoring_case(name, "content-length")) {
        if (!parse_number(value, length) || length > kMaxResponse) return Parsed::kBad;
        has_length = true;
      } else if (base::same_ignoring_case(name, "transfer-encoding")) {
        chunked = base::same_ignoring_case(value, "chunked");
      } else if (base::same_ignoring_case(name, "connection")) {
        out.keep_alive = !base::same_ignoring_case(value, "close");
      }
    }
    if (out.status < 200) {
      bytes = rest;
      continue;
    }
    if (out.status == 204 || out.status == 304) return Parsed::kDone;
    if (chunked) {
      const Parsed parsed = parse_chunked(rest, out.body);
      return parsed == Parsed::kMore && ended ? Parsed::kBad : parsed;
    }
    if (has_length) {
      if (rest.size() < length) return ended ? Parsed::kBad : Parsed::kMore;
      out.body = rest.substr(0, length);
      return Parsed::kDone;
    }
    if (rest.size() > kMaxResponse) return Parsed::kBad;
    if (!ended) return Parsed::kMore;
    out.keep_alive = false;
    out.body = rest;
    return Parsed::kDone;
  }
}

}  // namespace dd::transport
