// Names to addresses without keeping the worker: a name that is not numeric is looked up by a
// thread that lives for that long.

#pragma once

#include <sys/socket.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace dd::transport {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

// Numeric addresses, and localhost as both of its. Empty when `host` is a name.
std::vector<SocketAddress> resolve_now(const std::string& host, const std::string& port);

class Lookup {
 public:
  // Shared with the thread that looks, which may outlive the interest in its answer. Null when no
  // thread could be made.
  static std::shared_ptr<Lookup> start(const std::string& host, const std::string& port);
  bool done() const { return done_.load(std::memory_order_acquire); }
  const std::vector<SocketAddress>& found() const { return found_; }  // once done

 private:
  std::string host_, port_;
  std::vector<SocketAddress> found_;
  std::atomic<bool> done_{false};
};

}  // namespace dd::transport
