#include "core/transport/address.h"

#include <sys/un.h>

#include <charconv>

namespace dd::transport {

Result<Address> parse_agent_url(std::string_view url) {
  Address out;
  const std::string whole(url);
  if (url.starts_with("unix://")) {
    out.socket = url.substr(7);
    if (out.socket.empty()) return Status::error("agent URL " + whole + ": no path of a socket");
    if (out.socket.size() >= sizeof(sockaddr_un::sun_path))
      return Status::error("agent URL " + whole + ": path of the socket is too long");
    out.host_header = "localhost";
    return out;
  }
  out.secure = url.starts_with("https://");
  if (!out.secure && !url.starts_with("http://"))
    return Status::error("agent URL " + whole + ": only http://, https:// and unix:// can be used");
  url.remove_prefix(out.secure ? 8 : 7);
  const std::size_t slash = url.find('/');
  std::string_view where = url.substr(0, slash);
  if (slash != std::string_view::npos) {
    out.prefix = url.substr(slash);
    while (!out.prefix.empty() && out.prefix.back() == '/') out.prefix.pop_back();
  }
  out.host_header = where;
  out.port = out.secure ? "443" : "80";
  std::size_t colon = where.rfind(':');
  if (where.starts_with('[')) {
    const std::size_t bracket = where.find(']');
    if (bracket == std::string_view::npos)
      return Status::error("agent URL " + whole + ": no ] after the address");
    out.host = where.substr(1, bracket - 1);
    if (colon < bracket) colon = std::string_view::npos;
  } else {
    out.host = where.substr(0, colon);
  }
  if (colon != std::string_view::npos) out.port = where.substr(colon + 1);
  if (out.host.empty()) return Status::error("agent URL " + whole + ": no host");
  unsigned port = 0;
  const char* const end = out.port.data() + out.port.size();
  const auto parsed = std::from_chars(out.port.data(), end, port);
  if (parsed.ec != std::errc() || parsed.ptr != end || port == 0 || port > 65535)
    return Status::error("agent URL " + whole + ": bad port");
  for (const char c : whole)
    if (static_cast<unsigned char>(c) <= ' ') return Status::error("agent URL: a blank in it");
  return out;
}

}  // namespace dd::transport
