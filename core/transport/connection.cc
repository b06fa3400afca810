#include "core/transport/connection.h"

#include <algorithm>

#include "core/base/clock.h"
#include "core/transport/curl.h"
#include "core/transport/http.h"

namespace dd::transport {

std::unique_ptr<Connection> make_connection(const Address& address) {
  if (address.secure) return std::make_unique<CurlConnection>(address);
  return std::make_unique<HttpConnection>(address);
}

Progress perform(Connection& connection) {
  std::vector<pollfd> polls;
  for (;;) {
    const Progress progress = connection.advance();
    if (progress != Progress::kWorking) return progress;
    polls.clear();
    connection.add_polls(polls);
    const std::int64_t wait = connection.next_turn_ns() - base::monotonic_ns();
    if (wait > 0)
      poll(polls.data(), polls.size(),
           static_cast<int>(std::min<std::int64_t>(wait / 1'000'000 + 1, 1000)));
  }
}

}  // namespace dd::transport
