// Where to send: the parts of an agent's or an intake's URL.

#pragma once

#include <string>
#include <string_view>

#include "core/base/status.h"

namespace dd::transport {

struct Address {
  std::string host, port;  // of http:// and https://
  std::string socket;      // of unix://
  std::string prefix;      // "/base", or empty
  std::string host_header;
  bool secure = false;  // https://
  // As URLs begin: "https://host:port/base".
  std::string origin() const { return (secure ? "https://" : "http://") + host_header + prefix; }
};

// "http://host:port/prefix", "https://...", "unix:///path".
Result<Address> parse_agent_url(std::string_view url);

}  // namespace dd::transport
