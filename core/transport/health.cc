#include "core/transport/health.h"

#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <new>
#include <utility>
#include <vector>

#include "core/base/streams.h"
namespace dd::transport {

Health::Health(std::string_view url, std::string tags) : tags_(std::move(tags)) {
  if (url.starts_with("unix://")) {
    path_ = url.substr(7);
    return;
  }
  if (url.starts_with("udp://")) url.remove_prefix(6);
  const std::size_t colon = url.rfind(':');
  host_ = url.substr(0, colon);
  port_ = colon == url.npos ? "8125" : url.substr(colon + 1);
}

Health::~Health() {
  if (socket_ >= 0) close(socket_);
}

void Health::add(std::string_view name, std::uint64_t value, std::string_view tag) {
  std::string line = "datadog.tracer." + std::string(name) + ":" + std::to_string(value) + "|d";
  if (!tags_.empty() || !tag.empty()) line += "|#";
  line += tags_;
  if (!tags_.empty() && !tag.empty()) line += ',';
  line.append(tag).push_back('\n');
  if (lines_.size() + line.size() > kDatagram) send();
  lines_ += line;
}

void Health::send() {
  if (lines_.empty()) return;
  if (socket_ >= 0 || open()) put(lines_);
  lines_.clear();
}

bool Health::open() {
  SocketAddress where;
  if (!path_.empty()) {
    sockaddr_un unix_where{};
    if (path_.size() >= sizeof(unix_where.sun_path)) return false;
    unix_where.sun_family = AF_UNIX;
    std::memcpy(unix_where.sun_path, path_.c_str(), path_.size() + 1);
    std::memcpy(&where.storage, &unix_where, sizeof(unix_where));
    where.size = sizeof(unix_where);
  } else {
    std::vector<SocketAddress> found = resolve_now(host_, port_);
    if (found.empty() && lookup_ && lookup_->done()) found = std::exchange(lookup_, {})->found();
    if (found.empty()) {
      if (!lookup_) lookup_ = Lookup::start(host_, port_);
      return false;
    }
    where = found.front();
    for (const SocketAddress& one : found)  // agents listen on IPv4 when they listen on one
      if (one.storage.ss_family == AF_INET) where = one;
  }
  socket_ = base::above_streams(
      ::socket(where.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket_ >= 0 &&
      connect(socket_, reinterpret_cast<const sockaddr*>(&where.storage), where.size) != 0) {
    close(socket_);
    socket_ = -1;
  }
  return socket_ >= 0;
}

// Tried once more, since a socket that was made anew refuses the first.
void Health::put(std::string_view datagram) {
  if (datagram.ends_with('\n')) datagram.remove_suffix(1);
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (::send(socket_, datagram.data(), datagram.size(), MSG_NOSIGNAL) >= 0) return;
    close(std::exchange(socket_, -1));
    if (!open()) return;
  }
}

void Health::forked(bool whole) {
  if (whole)
    lines_.clear();
  else
    new (&lines_) std::string;
}

}  // namespace dd::transport
