#include "core/statsd/client.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/config/setting.h"
#include "core/transport/resolver.h"
#include "core/transport/worker.h"

namespace dd::statsd {
namespace {

// Lines that come together travel in one turn of the worker; one wake-up serves them all.
constexpr std::int64_t kTogetherNs = 5'000'000;
constexpr std::int64_t kLookupNs = 5'000'000;
constexpr int kLookupTries = 200;
constexpr int kSendBuffer = 32 << 10;
constexpr const char* kSocket = "/var/run/datadog/dsd.socket";

}  // namespace

// The one job of all clients.
class Mailman final : public transport::Job {
 public:
  static Mailman& get() {
    static auto* const made = new Mailman;
    there_is.store(made, std::memory_order_release);
    return *made;
  }
  // Null before the first client. Makes none: safe in a signal handler.
  static Mailman* find() { return there_is.load(std::memory_order_acquire); }
  void add(Client* client) {
    const base::MutexLock lock(mutex_);
    clients_.push_back(client);
  }
  void remove(Client* client) {
    const base::MutexLock lock(mutex_);
    std::erase(clients_, client);
  }
  void flush_all() DD_NO_THREAD_SAFETY {
    if (!mutex_.try_lock()) return;
    for (Client* client : clients_) client->send_waiting(false);
    mutex_.unlock();
  }

  std::int64_t turn(const transport::Turn& turn) override {
    const base::MutexLock lock(mutex_);
    std::int64_t next = transport::kNever;
    for (Client* client : clients_) {
      const std::int64_t due = client->due_ns_.load();
      if (due == 0) continue;
      if (due > turn.now_ns && !turn.stopping) {
        next = std::min(next, due);
        continue;
      }
      client->due_ns_.store(0);
      client->send_waiting(false);
      if (const std::int64_t again = client->due_ns_.load()) next = std::min(next, again);
    }
    return turn.stopping ? transport::kNever : next;
  }
  void forked(bool) override {
    mutex_.reset_after_fork();
    for (Client* client : clients_) client->forked();
  }

 private:
  Mailman() { transport::Worker::get().add(this); }
  base::Mutex mutex_;
  std::vector<Client*> clients_;

  static std::atomic<Mailman*> there_is;
};

constinit std::atomic<Mailman*> Mailman::there_is{nullptr};

bool parse_url(std::string_view url, Place& out) {
  if (url.starts_with("/")) {
    out.path = url;
    return true;
  }
  if (url.starts_with("unix://")) {
    out.path = url.substr(7);
    return !out.path.empty();
  }
  if (url.starts_with("udp://"))
    url.remove_prefix(6);
  else if (url.find("://") != url.npos)
    return false;
  url = url.substr(0, url.find('/'));
  const std::size_t bracket = url.rfind(']');
  const std::size_t colon = url.find(':', bracket == url.npos ? 0 : bracket);
  out.host = url.substr(0, colon);
  if (out.host.starts_with('[') && out.host.ends_with(']'))
    out.host = out.host.substr(1, out.host.size() - 2);
  out.port = colon == url.npos ? "8125" : url.substr(colon + 1);
  return !out.host.empty() && config::is_port(out.port);
}

std::string default_url() {
  const auto first = [](std::string_view one, std::string_view other) {
    const auto value = config::variable(one);
    return value && !value->empty() ? value : config::variable(other);
  };
  // What cannot be used is as if it was not set: the user was told (config/explain.h).
  Place place;
  if (const auto url = config::variable("DD_DOGSTATSD_URL");
      url && !url->empty() && parse_url(*url, place))
    return std::string(*url);
  const auto host = first("DD_DOGSTATSD_HOST", "DD_AGENT_HOST");
  auto port = first("DD_DOGSTATSD_PORT", "DD_AGENT_PORT");
  if (port && !config::is_port(*port)) port.reset();
  if (!host && !port && access(kSocket, F_OK) == 0) return std::string("unix://") + kSocket;
  return "udp://" + std::string(host.value_or("localhost")) + ":" +
         std::string(port.value_or("8125"));
}

Client::Client(Options options)
    : options_(std::move(options)),
      buffering_(options_.buffering),
      told_ns_(base::monotonic_ns()),
      telemetry_(options_.telemetry) {
  Mailman::get().add(this);
}

Client::~Client() {
  flush();
  Mailman::get().remove(this);
  close();
}

void Client::add(std::string_view line) {
  std::int64_t delay = -1;
  {
    const base::MutexLock lock(mutex_);
    if (waiting_.size() + line.size() > kMaxWaiting) {
      queue_bytes_.fetch_add(line.size(), std::memory_order_relaxed);
      queue_packets_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    waiting_ += line;
    if (waiting_.size() > options_.packet_bytes * 32)
      delay = 0;
    else if (!held_)
      delay = buffering_ ? options_.flush_ns : kTogetherNs;
  }
  if (delay >= 0 && due_ns_.load(std::memory_order_relaxed) == 0) call_worker(delay);
}

void Client::call_worker(std::int64_t delay_ns) {
  std::int64_t nobody = 0;
  if (due_ns_.compare_exchange_strong(nobody, base::monotonic_ns() + delay_ns))
    transport::Worker::get().wake();
}

void Client::set_buffering(bool on) {
  {
    const base::MutexLock lock(mutex_);
    buffering_ = on;
  }
  if (!on) flush();
}

void Client::hold() {
  send_waiting(true);
  const base::MutexLock lock(mutex_);
  held_ = true;
}

void Client::release() {
  // What was held travels together.
  send_waiting(true);
  const base::MutexLock lock(mutex_);
  held_ = false;
}

void Client::flush() { send_waiting(true); }

void Client::close() {
  const base::MutexLock lock(sending_);
  drop(socket_);
  drop(telemetry_socket_);
}

void Client::send_waiting(bool may_wait) DD_NO_THREAD_SAFETY {
  if (may_wait)
    sending_.lock();
  else if (!sending_.try_lock())
    return call_worker(kTogetherNs);
  if (may_wait) {
    mutex_.lock();
  } else if (!mutex_.try_lock()) {
    sending_.unlock();
    return call_worker(kTogetherNs);
  }
  packets_ += waiting_;
  waiting_.clear();
  pack_ = buffers();
  mutex_.unlock();
  std::string_view rest = packets_;
  if (!rest.empty() && open(socket_, options_.to, may_wait)) {
    while (!rest.empty()) {
      std::size_t end = rest.find('\n');
      for (std::size_t next = end; pack_ && next != rest.npos; next = rest.find('\n', end + 1)) {
        if (next + 1 > options_.packet_bytes && next != end) break;
        end = next;
      }
      end = end == rest.npos ? rest.size() : end + 1;
      send(rest.substr(0, end), may_wait);
      rest.remove_prefix(end);
      send_telemetry(may_wait);
    }
  } else if (!rest.empty() && socket_.lookup && !may_wait) {
    sending_.unlock();
    return call_worker(kLookupNs);  // the name of the host is being looked up
  } else if (!rest.empty()) {
    bytes_dropped_.fetch_add(rest.size());
    packets_dropped_.fetch_add(1);
  }
  packets_.clear();
  sending_.unlock();
}

void Client::send(std::string_view packet, bool may_wait) {
  if (!open(socket_, options_.to, may_wait)) {
    bytes_dropped_.fetch_add(packet.size());
    packets_dropped_.fetch_add(1);
    return;
  }
  if (::send(socket_.file, packet.data(), packet.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
    bytes_sent_ += packet.size();
    ++packets_sent_;
    return;
  }
  bytes_dropped_.fetch_add(packet.size());
  packets_dropped_.fetch_add(1);
  // A full socket is kept; one whose agent has gone is not.
  if (errno != EAGAIN && errno != EWOULDBLOCK && errno != ENOBUFS) drop(socket_);
}

void Client::send_telemetry(bool may_wait) {
  const std::int64_t now = base::monotonic_ns();
  if (!telemetry_.load(std::memory_order_relaxed) || now - told_ns_ < options_.telemetry_ns) return;
  told_ns_ = now;
  const std::uint64_t dropped = bytes_dropped_.exchange(0), lost = packets_dropped_.exchange(0);
  const std::uint64_t queue = queue_bytes_.exchange(0), queue_lost = queue_packets_.exchange(0);
  std::string text;
  const auto tell = [&](const char* name, std::uint64_t value) {
    text.append("datadog.dogstatsd.client.").append(name).append(":");
    text.append(std::to_string(value)).append("|c|#").append(options_.telemetry_tags).append("\n");
  };
  tell("metrics", asked_[0].exchange(0));
  tell("events", asked_[1].exchange(0));
  tell("service_checks", asked_[2].exchange(0));
  tell("bytes_sent", std::exchange(bytes_sent_, 0));
  tell("bytes_dropped", dropped + queue);
  tell("bytes_dropped_queue", queue);
  tell("bytes_dropped_writer", dropped);
  tell("packets_sent", std::exchange(packets_sent_, 0));
  tell("packets_dropped", lost + queue_lost);
  tell("packets_dropped_queue", queue_lost);
  tell("packets_dropped_writer", lost);
  const bool elsewhere = !options_.telemetry_to.empty();
  Socket& socket = elsewhere ? telemetry_socket_ : socket_;
  if (open(socket, elsewhere ? options_.telemetry_to : options_.to, may_wait))
    (void)::send(socket.file, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  bytes_sent_ += text.size();
  ++packets_sent_;
}

bool Client::open(Socket& socket, const Place& place, bool may_wait) {
  struct stat now;
  // A number that somebody else has closed and opened anew is not ours.
  if (socket.file >= 0 && fstat(socket.file, &now) == 0 && now.st_dev == socket.device &&
      now.st_ino == socket.inode)
    return true;
  socket.file = -1;
  transport::SocketAddress address;
  if (!place.path.empty()) {
    auto& unix_address = reinterpret_cast<sockaddr_un&>(address.storage);
    if (place.path.size() >= sizeof unix_address.sun_path) return false;
    unix_address.sun_family = AF_UNIX;
    std::memcpy(unix_address.sun_path, place.path.c_str(), place.path.size() + 1);
    address.size = sizeof unix_address;
  } else {
    std::vector<transport::SocketAddress> found = transport::resolve_now(place.host, place.port);
    if (found.empty()) {
      if (!socket.lookup) socket.lookup = transport::Lookup::start(place.host, place.port);
      for (int i = 0; may_wait && socket.lookup && !socket.lookup->done() && i < kLookupTries; ++i)
        usleep(kLookupNs / 1000);
      if (!socket.lookup || !socket.lookup->done()) return false;
      found = socket.lookup->found();
      socket.lookup.reset();
    }
    if (found.empty()) return false;
    const auto v4 = std::find_if(found.begin(), found.end(),
                                 [](const auto& one) { return one.storage.ss_family == AF_INET; });
    address = v4 == found.end() ? found.front() : *v4;
  }
  int file = ::socket(address.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (file >= 0 && file <= 2) {  // a standard stream that the application closed
    const int higher = fcntl(file, F_DUPFD_CLOEXEC, 3);
    ::close(file);
    file = higher;
  }
  if (file < 0) return false;
  int bytes = 0;
  socklen_t size = sizeof bytes;
  if (getsockopt(file, SOL_SOCKET, SO_SNDBUF, &bytes, &size) == 0 && bytes <= kSendBuffer)
    setsockopt(file, SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof kSendBuffer);
  if (connect(file, reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0) {
    const int why = errno;
    ::close(file);
    static constinit bool said = false;
    base::log_once(said, base::LogLevel::kWarning,
                   std::string("dogstatsd: ") + std::strerror(why) + "; packets are dropped");
    return false;
  }
  struct stat made;
  fstat(file, &made);
  socket.file = file;
  socket.device = made.st_dev;
  socket.inode = made.st_ino;
  return true;
}

void Client::drop(Socket& socket) {
  struct stat now;
  if (socket.file >= 0 && fstat(socket.file, &now) == 0 && now.st_dev == socket.device &&
      now.st_ino == socket.inode)
    ::close(socket.file);
  socket.file = -1;
  socket.lookup.reset();
}

// The parent sends what waits; the socket is its own too.
void Client::forked() DD_NO_THREAD_SAFETY {
  mutex_.reset_after_fork();
  sending_.reset_after_fork();
  waiting_.clear();
  packets_.clear();
  due_ns_.store(0);
  drop(socket_);
  drop(telemetry_socket_);
  for (auto& counter : asked_) counter.store(0);
  for (auto* counter : {&bytes_dropped_, &packets_dropped_, &queue_bytes_, &queue_packets_})
    counter->store(0);
  bytes_sent_ = packets_sent_ = 0;
}

void flush_all() {
  if (Mailman* const mailman = Mailman::find()) mailman->flush_all();
}

}  // namespace dd::statsd
