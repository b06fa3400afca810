#include "core/transport/http.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "core/base/clock.h"

namespace dd::transport {
namespace {

constexpr std::int64_t kLookupPollNs = 5'000'000;
constexpr std::size_t kGoodDeal = 16 << 10;  // less of a body is a trickle
constexpr int kUnknownName = ENODATA;        // in errno, where no call of ours leaves it

std::string error_text(int code) {
  char buffer[128];
  if (code == kUnknownName) return "the name is not known";
  return strerror_r(code, buffer, sizeof(buffer));
}

bool refused(int code) { return code == ECONNREFUSED || code == ENOENT; }

}  // namespace

void append_headers(std::string& out, const Message& message) {
  for (const Headers* headers : message.headers) {
    if (!headers) continue;
    for (const auto& [name, value] : *headers) {
      if (name.empty() || name.find_first_of("\r\n:") != name.npos ||
          value.find_first_of("\r\n") != value.npos)
        continue;
      out.append(name).append(": ").append(value).append("\r\n");
    }
  }
}

bool HttpConnection::ours() const {
  struct stat now;
  return socket_ >= 0 && fstat(socket_, &now) == 0 && now.st_dev == device_ && now.st_ino == inode_;
}

void HttpConnection::drop_socket() {
  if (ours()) ::close(socket_);
  socket_ = -1;
  connecting_ = false;
}

void HttpConnection::close() {
  drop_socket();
  lookup_.reset();
  active_ = false;
}

bool HttpConnection::open_socket(const SocketAddress& where) {
  const int family = where.storage.ss_family;
  socket_ = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket_ >= 0 && socket_ <= 2) {
    // The application closed a standard stream; its number is not for us to take.
    const int higher = fcntl(socket_, F_DUPFD_CLOEXEC, 3);
    ::close(socket_);
    socket_ = higher;
  }
  if (socket_ < 0) return false;
  struct stat made;
  fstat(socket_, &made);
  device_ = made.st_dev;
  inode_ = made.st_ino;
  if (family != AF_UNIX) {
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  const int done =
      ::connect(socket_, reinterpret_cast<const sockaddr*>(&where.storage), where.size);
  connecting_ = done != 0 && errno == EINPROGRESS;
  if (done == 0 || connecting_) return true;
  const int why = errno;
  drop_socket();
  errno = why;
  return false;
}

// Starts connecting to the next candidate that can be tried.
HttpConnection::Open HttpConnection::open() {
  reused_ = false;
  if (lookup_) {
    if (!lookup_->done()) return Open::kLater;
    candidates_ = lookup_->found();
    lookup_.reset();
    if (candidates_.empty()) {
      errno = kUnknownName;
      return Open::kNo;
    }
  }
  if (candidates_.empty()) {
    if (!address_.socket.empty()) {
      sockaddr_un where{};
      where.sun_family = AF_UNIX;
      std::memcpy(where.sun_path, address_.socket.c_str(), address_.socket.size() + 1);
      SocketAddress& one = candidates_.emplace_back();
      std::memcpy(&one.storage, &where, sizeof(where));
      one.size = sizeof(where);
    } else {
      candidates_ = resolve_now(address_.host, address_.port);
      if (candidates_.empty()) {
        lookup_ = Lookup::start(address_.host, address_.port);
        errno = kUnknownName;
        return lookup_ ? Open::kLater : Open::kNo;
      }
    }
  }
  errno = ECONNREFUSED;
  while (candidate_ < candidates_.size())
    if (open_socket(candidates_[candidate_++])) return Open::kYes;
  const int why = errno;
  candidates_.clear();  // looked up again the next time: names move
  errno = why;
  return Open::kNo;
}

void HttpConnection::start(const Message& message, std::int64_t deadline_ns) {
  head_.assign(message.method).append(" ").append(address_.prefix).append(message.target);
  head_.append(" HTTP/1.1\r\nHost: ").append(address_.host_header).append("\r\n");
  append_headers(head_, message);
  if (!message.body.empty() || message.method != "GET")
    head_.append("Content-Length: ").append(std::to_string(message.body.size())).append("\r\n");
  head_.append("\r\n");
  body_ = message.body;
  written_ = noted_ = 0;
  deadline_ns_ = deadline_ns;
  moved_ns_ = 0;
  received_.clear();
  problem_.clear();
  response_ = {};
  active_ = true;
  candidate_ = 0;
  if (!ours()) socket_ = -1;
  reused_ = socket_ >= 0;
}

Progress HttpConnection::fail(Progress how, std::string what) {
  close();
  problem_ = std::move(what);
  return how;
}

Progress HttpConnection::advance() {
  const Progress progress = step();
  if (progress != Progress::kWorking) active_ = false;
  return progress;
}

void HttpConnection::add_polls(std::vector<pollfd>& polls) const {
  if (!active_ || socket_ < 0) return;
  short events = POLLIN;
  if (connecting_)
    events = POLLOUT;
  else if (written_ < total())
    events = POLLIN | POLLOUT;
  polls.push_back({socket_, events, 0});
}

std::int64_t HttpConnection::next_turn_ns() const {
  if (!active_) return INT64_MAX;
  return lookup_ ? std::min(deadline_ns_, base::monotonic_ns() + kLookupPollNs) : deadline_ns_;
}

bool HttpConnection::write_some() {
  iovec parts[2];
  int count = 0;
  if (written_ < head_.size()) parts[count++] = {head_.data() + written_, head_.size() - written_};
  const std::size_t body_at = written_ > head_.size() ? written_ - head_.size() : 0;
  if (body_at < body_.size())
    parts[count++] = {const_cast<char*>(body_.data()) + body_at, body_.size() - body_at};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = static_cast<std::size_t>(count);
  const ssize_t sent = sendmsg(socket_, &message, MSG_NOSIGNAL);
  if (sent > 0) written_ += static_cast<std::size_t>(sent);
  return sent >= 0 || errno == EAGAIN || errno == EINTR;
}

Progress HttpConnection::step() {
  for (;;) {
    if (base::monotonic_ns() >= deadline_ns_) return fail(Progress::kFailed, "no answer in time");
    if (socket_ < 0) {
      const Open opened = open();
      if (opened == Open::kLater) return Progress::kWorking;
      if (opened == Open::kNo) {
        const int why = errno;
        return fail(refused(why) ? Progress::kRefused : Progress::kFailed, error_text(why));
      }
    }
    pollfd ready{socket_, static_cast<short>(connecting_ ? POLLOUT : POLLIN | POLLOUT), 0};
    if (poll(&ready, 1, 0) < 0) {
      if (errno == EINTR) continue;
      return fail(Progress::kFailed, error_text(errno));
    }
    if (!ours()) return fail(Progress::kFailed, "the connection was closed by the application");
    if (connecting_) {
      if (ready.revents == 0) return Progress::kWorking;
      int why = 0;
      socklen_t size = sizeof(why);
      getsockopt(socket_, SOL_SOCKET, SO_ERROR, &why, &size);
      if (why != 0) {
        drop_socket();
        if (candidate_ < candidates_.size()) continue;
        candidates_.clear();
        return fail(refused(why) ? Progress::kRefused : Progress::kFailed, error_text(why));
      }
      connecting_ = false;
    }
    const bool gone = (ready.revents & (POLLERR | POLLHUP)) != 0;
    bool moved = false, broken = false;
    if (written_ < total() && (gone || (ready.revents & POLLOUT))) {
      const std::size_t before = written_;
      broken = !write_some();
      moved = written_ > before;
      if (moved && (written_ == total() || written_ - noted_ >= kGoodDeal)) {
        noted_ = written_;
        moved_ns_ = base::monotonic_ns();
      }
    }
    if (!broken && !gone && !(ready.revents & POLLIN)) {
      if (moved && written_ < total()) continue;
      return Progress::kWorking;
    }
    char buffer[16384];
    const ssize_t got = recv(socket_, buffer, sizeof(buffer), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR) && !broken) {
      if (gone) return fail(Progress::kFailed, "the connection broke");
      return Progress::kWorking;
    }
    if (got > 0) received_.append(buffer, static_cast<std::size_t>(got));
    const bool ended = got <= 0;
    if (ended && received_.empty() && reused_) {
      // A connection the agent had let go of: the request was never seen.
      drop_socket();
      candidate_ = 0;
      written_ = noted_ = 0;
      continue;
    }
    const Parsed parsed = parse_response(received_, ended, response_);
    if (parsed == Parsed::kDone) {
      if (!response_.keep_alive || written_ < total()) drop_socket();
      return Progress::kDone;
    }
    if (ended || parsed == Parsed::kBad)
      return fail(Progress::kFailed, received_.empty() ? "connection closed without an answer"
                                                       : "an answer that is not HTTP");
  }
}

}  // namespace dd::transport
