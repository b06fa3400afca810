// A client of DogStatsD: lines of metrics, events and checks to an agent, by UDP or by a Unix
// datagram socket.
//
//     statsd::Client client({.host = "localhost", .port = "8125"});
//     client.add("page.views:1|c|#page:home\n");
//
// add() copies the line and comes back: the worker sends, each line as a packet of its own or, when
// buffering, as many as fit. Nothing here fails: what the agent does not take is counted and
// forgotten. Any thread. Source: METRICS.md section 2, WIRE.md section 13.

#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/mutex.h"

namespace dd::transport {
class Lookup;
}

namespace dd::statsd {

struct Place {  // a path, or a host and a port
  std::string host, port, path;
  bool empty() const { return host.empty() && path.empty(); }
};
// "udp://host:port", "unix:///path", "/path", "host:port". False for others.
bool parse_url(std::string_view url, Place& out);

// DD_DOGSTATSD_URL, else host and port, else the agent's socket if there is one, else
// udp://localhost:8125. The environment is loaded.
std::string default_url();

class Client {
 public:
  struct Options {
    Place to, telemetry_to;  // telemetry_to empty: as `to`
    bool buffering = false;
    std::int64_t flush_ns = 300'000'000;  // of what is buffered
    std::size_t packet_bytes = 1432;
    // What the client tells of itself, with these tags, when it sends and so long has passed.
    bool telemetry = false;
    std::int64_t telemetry_ns = 10'000'000'000;
    std::string telemetry_tags;
  };
  explicit Client(Options options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  enum class Kind : std::uint8_t { kMetric, kEvent, kCheck };
  // Asked for, whether or not a line comes of it (sampling).
  void count(Kind kind) { asked_[static_cast<int>(kind)].fetch_add(1, std::memory_order_relaxed); }
  void add(std::string_view line);  // with its line break
  void set_buffering(bool on);
  // Lines wait for release(), which sends them.
  void hold();
  void release();
  void flush();  // sends what waits, on this thread
  void close();  // the socket; the next packet opens another
  void set_telemetry(bool on) { telemetry_.store(on, std::memory_order_relaxed); }

  static constexpr std::size_t kMaxWaiting = 4 << 20;

 private:
  friend class Mailman;
  struct Socket {
    int file = -1;
    dev_t device = 0;
    ino_t inode = 0;
    std::shared_ptr<transport::Lookup> lookup;
  };
  bool buffers() const DD_REQUIRES(mutex_) { return buffering_ || held_; }
  void call_worker(std::int64_t delay_ns);
  void send_waiting(bool may_wait);
  void send(std::string_view packet, bool may_wait) DD_REQUIRES(sending_);
  void send_telemetry(bool may_wait) DD_REQUIRES(sending_);
  bool open(Socket& socket, const Place& place, bool may_wait) DD_REQUIRES(sending_);
  static void drop(Socket& socket);
  void forked();

  const Options options_;
  base::Mutex mutex_;
  std::string waiting_ DD_GUARDED_BY(mutex_);
  bool buffering_ DD_GUARDED_BY(mutex_);
  bool held_ DD_GUARDED_BY(mutex_) = false;
  std::atomic<std::int64_t> due_ns_{0};  // 0: the worker has nothing to do here

  base::Mutex sending_;
  Socket socket_ DD_GUARDED_BY(sending_), telemetry_socket_ DD_GUARDED_BY(sending_);
  std::string packets_ DD_GUARDED_BY(sending_);
  bool pack_ DD_GUARDED_BY(sending_) = false;
  std::int64_t told_ns_ DD_GUARDED_BY(sending_);
  std::atomic<bool> telemetry_;
  std::atomic<std::uint64_t> asked_[3] = {};
  std::uint64_t bytes_sent_ DD_GUARDED_BY(sending_) = 0, packets_sent_ DD_GUARDED_BY(sending_) = 0;
  std::atomic<std::uint64_t> bytes_dropped_{0}, packets_dropped_{0}, queue_bytes_{0},
      queue_packets_{0};
};

// Everything that waits, of all clients, without waiting for anybody: for ends of the process.
void flush_all();

}  // namespace dd::statsd
