// One HTTP connection to one place, without blocking: one request at a time. Used on the worker.

#pragma once

#include <poll.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/transport/address.h"
#include "core/transport/response.h"

namespace dd::transport {

using Headers = std::vector<std::pair<std::string, std::string>>;

// All of it stays valid until the request has ended.
struct Message {
  std::string_view method, target;  // the target without the address' prefix
  const Headers* headers[2] = {};   // either may be null; values with a line break are left out
  std::string_view body;
};

enum class Progress : std::uint8_t { kWorking, kDone, kRefused, kFailed };

class Connection {
 public:
  virtual ~Connection() = default;
  virtual void start(const Message& message, std::int64_t deadline_ns) = 0;
  // Goes on as far as it can without waiting. Anything but kWorking ends the request.
  virtual Progress advance() = 0;
  virtual void add_polls(std::vector<pollfd>& polls) const = 0;
  virtual std::int64_t next_turn_ns() const = 0;  // when to advance() even if nothing happened
  virtual void close() = 0;                       // ends the request, and lets go of the socket
  // When a good deal of the request was taken, or all of it; 0: not yet.
  virtual std::int64_t moved_ns() const = 0;
  // The whole request is with the system or the peer: the process may end, it arrives.
  virtual bool handed_over() const = 0;
  // At the end of the process: how long after its start a request deserves that did not move yet.
  virtual std::int64_t patience_ns() const { return 0; }
  // In a forked child, the object being whole: the socket is the parent's too.
  virtual void forked() { close(); }

  bool active() const { return active_; }
  const Response& response() const { return response_; }   // after kDone
  const std::string& problem() const { return problem_; }  // after kRefused and kFailed

 protected:
  bool active_ = false;
  Response response_;
  std::string problem_;
};

inline constexpr std::int64_t kFirstDelayNs = 100'000'000;  // between attempts; doubles

// Our own client for http:// and unix://; libcurl, opened at run time, for https://.
std::unique_ptr<Connection> make_connection(const Address& address);

// Performs the request that was started, waiting in between: for threads that may wait.
Progress perform(Connection& connection);

// Headers as lines, each ending in "\r\n"; what could break a line is left out.
void append_headers(std::string& out, const Message& message);

}  // namespace dd::transport
