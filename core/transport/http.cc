#include "core/transport/http.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "core/base/clock.h"

namespace dd::transport {
namespace {

constexpr std::size_t kMaxResponse = 1 << 20;

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return (x | 32) == (y | 32); });
}

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

std::string error_text(int code) {
  char buffer[128];
  return strerror_r(code, buffer, sizeof(buffer));
}

}  // namespace

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
  if (!url.starts_with("http://"))
    return Status::error("agent URL " + whole + ": only http:// and unix:// can be used");
  url.remove_prefix(7);
  const std::size_t slash = url.find('/');
  std::string_view where = url.substr(0, slash);
  if (slash != std::string_view::npos) {
    out.prefix = url.substr(slash);
    while (!out.prefix.empty() && out.prefix.back() == '/') out.prefix.pop_back();
  }
  out.host_header = where;
  out.port = "80";
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
  unsigned port = 0;
  if (out.host.empty()) return Status::error("agent URL " + whole + ": no host");
  if (!parse_number(out.port, port) || port == 0 || port > 65535)
    return Status::error("agent URL " + whole + ": bad port");
  for (const char c : whole)
    if (static_cast<unsigned char>(c) <= ' ') return Status::error("agent URL: a blank in it");
  return out;
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
    std::size_t length = 0;
    bool has_length = false, chunked = false;
    while (!head.empty()) {
      const std::size_t line_end = head.find("\r\n");
      const std::string_view line = head.substr(0, line_end);
      head.remove_prefix(line_end + 2);
      const std::size_t colon = line.find(':');
      if (colon == std::string_view::npos) return Parsed::kBad;
      const std::string_view name = line.substr(0, colon), value = strip(line.substr(colon + 1));
      if (equals_ignoring_case(name, "content-length")) {
        if (!parse_number(value, length) || length > kMaxResponse) return Parsed::kBad;
        has_length = true;
      } else if (equals_ignoring_case(name, "transfer-encoding")) {
        chunked = equals_ignoring_case(value, "chunked");
      } else if (equals_ignoring_case(name, "connection")) {
        out.keep_alive = !equals_ignoring_case(value, "close");
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

bool HttpClient::ours() const {
  struct stat now;
  return socket_ >= 0 && fstat(socket_, &now) == 0 && now.st_dev == device_ && now.st_ino == inode_;
}

void HttpClient::close() {
  if (ours()) ::close(socket_);
  socket_ = -1;
  connecting_ = false;
}

bool HttpClient::open_socket(int family, const void* address, unsigned size) {
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
  const auto* where = static_cast<const sockaddr*>(address);
  if (::connect(socket_, where, size) == 0) {
    connecting_ = false;
    return true;
  }
  if (errno == EINPROGRESS) {
    connecting_ = true;
    return true;
  }
  const int why = errno;
  close();
  errno = why;
  return false;
}

// Starts connecting to the candidate_-th address and moves on to the next until one can be tried.
bool HttpClient::connect() {
  reused_ = false;
  if (!address_.socket.empty()) {
    if (candidate_++ > 0) return false;
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    std::memcpy(where.sun_path, address_.socket.c_str(), address_.socket.size() + 1);
    return open_socket(AF_UNIX, &where, sizeof(where));
  }
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  const bool local = address_.host == "localhost";
  if (local) hints.ai_flags |= AI_NUMERICHOST;  // never ask the network for it
  const char* host = address_.host.c_str();
  if (local) host = candidate_ == 0 ? "127.0.0.1" : "::1";
  if (getaddrinfo(host, address_.port.c_str(), &hints, &found) != 0) {
    errno = EHOSTUNREACH;
    return false;
  }
  bool open = false;
  if (local) {
    if (candidate_ < 2) open = open_socket(found->ai_family, found->ai_addr, found->ai_addrlen);
    ++candidate_;
  } else {
    const addrinfo* at = found;
    for (int i = 0; i < candidate_ && at; ++i) at = at->ai_next;
    for (; at && !open; at = at->ai_next) {
      ++candidate_;
      open = open_socket(at->ai_family, at->ai_addr, at->ai_addrlen);
    }
  }
  const int why = errno;
  freeaddrinfo(found);
  errno = why;
  return open;
}

void HttpClient::start(std::string head, std::string_view body, std::int64_t deadline_ns) {
  head_ = std::move(head);
  body_ = body;
  written_ = 0;
  deadline_ns_ = deadline_ns;
  received_.clear();
  problem_.clear();
  response_ = {};
  active_ = true;
  candidate_ = 0;
  if (!ours()) socket_ = -1;
  reused_ = socket_ >= 0;
}

Progress HttpClient::fail(Progress how, std::string what) {
  close();
  problem_ = std::move(what);
  return how;
}

Progress HttpClient::advance(std::int64_t slice_ns) {
  const Progress progress = step(std::min(deadline_ns_, base::monotonic_ns() + slice_ns));
  if (progress != Progress::kWorking) active_ = false;
  return progress;
}

Progress HttpClient::step(std::int64_t until_ns) {
  for (;;) {
    if (socket_ < 0 && !connect()) {
      const int why = errno;
      if (address_.host == "localhost" && candidate_ < 2) continue;
      return fail(why == ECONNREFUSED || why == ENOENT ? Progress::kRefused : Progress::kFailed,
                  error_text(why));
    }
    const std::size_t total = head_.size() + body_.size();
    pollfd wait{socket_,
                static_cast<short>(connecting_ || written_ < total ? POLLOUT | POLLIN : POLLIN), 0};
    if (connecting_) wait.events = POLLOUT;
    const std::int64_t now = base::monotonic_ns();
    if (now >= deadline_ns_) return fail(Progress::kFailed, "no answer in time");
    const std::int64_t left_ms = until_ns > now ? (until_ns - now) / 1'000'000 + 1 : 0;
    const int ready = poll(&wait, 1, static_cast<int>(left_ms));
    if (ready == 0)
      return base::monotonic_ns() >= deadline_ns_ ? fail(Progress::kFailed, "no answer in time")
                                                  : Progress::kWorking;
    if (ready < 0) {
      if (errno == EINTR) continue;
      return fail(Progress::kFailed, error_text(errno));
    }
    if (!ours()) return fail(Progress::kFailed, "the connection was closed by the application");
    if (connecting_) {
      int why = 0;
      socklen_t size = sizeof(why);
      getsockopt(socket_, SOL_SOCKET, SO_ERROR, &why, &size);
      if (why != 0) {
        close();
        errno = why;
        if (connect()) continue;
        return fail(why == ECONNREFUSED ? Progress::kRefused : Progress::kFailed, error_text(why));
      }
      connecting_ = false;
    }
    bool broken = false;
    if (written_ < total && (wait.revents & (POLLOUT | POLLERR | POLLHUP))) {
      iovec parts[2];
      int count = 0;
      if (written_ < head_.size())
        parts[count++] = {head_.data() + written_, head_.size() - written_};
      const std::size_t body_at = written_ > head_.size() ? written_ - head_.size() : 0;
      if (body_at < body_.size())
        parts[count++] = {const_cast<char*>(body_.data()) + body_at, body_.size() - body_at};
      msghdr message{};
      message.msg_iov = parts;
      message.msg_iovlen = static_cast<std::size_t>(count);
      const ssize_t sent = sendmsg(socket_, &message, MSG_NOSIGNAL);
      if (sent > 0) written_ += static_cast<std::size_t>(sent);
      broken = sent < 0 && errno != EAGAIN && errno != EINTR;
    }
    if (broken || (wait.revents & (POLLIN | POLLERR | POLLHUP))) {
      char buffer[16384];
      const ssize_t got = recv(socket_, buffer, sizeof(buffer), 0);
      const int why = errno;
      if (got < 0 && (why == EAGAIN || why == EINTR) && !broken) continue;
      if (got > 0) received_.append(buffer, static_cast<std::size_t>(got));
      const bool ended = got <= 0;
      if (ended && received_.empty() && reused_) {
        // A connection the agent had let go of: the request was never seen.
        close();
        candidate_ = 0;
        written_ = 0;
        continue;
      }
      const Parsed parsed = parse_response(received_, ended, response_);
      if (parsed == Parsed::kDone) {
        if (!response_.keep_alive || written_ < total) close();
        return Progress::kDone;
      }
      if (ended || parsed == Parsed::kBad)
        return fail(Progress::kFailed, received_.empty() ? "connection closed without an answer"
                                                         : "an answer that is not HTTP");
    }
  }
}

bool parse_rates(std::string_view json, void (*rate)(void*, std::string_view, double), void* self) {
  std::size_t at = 0;
  const auto skip = [&] {
    while (at < json.size() &&
           (json[at] == ' ' || json[at] == '\n' || json[at] == '\r' || json[at] == '\t'))
      ++at;
  };
  const auto take = [&](char wanted) {
    skip();
    if (at >= json.size() || json[at] != wanted) return false;
    ++at;
    return true;
  };
  const auto take_text = [&](std::string& out) {
    out.clear();
    if (!take('"')) return false;
    for (; at < json.size(); ++at) {
      const char c = json[at];
      if (c == '"') {
        ++at;
        return true;
      }
      if (c != '\\') {
        out += c;
        continue;
      }
      if (++at >= json.size()) return false;
      switch (json[at]) {
        case '"':
        case '\\':
        case '/':
          out += json[at];
          break;
        case 'n':
          out += '\n';
          break;
        case 't':
          out += '\t';
          break;
        case 'r':
          out += '\r';
          break;
        case 'u': {  // names of services beyond ASCII arrive as UTF-8; escapes are ASCII
          unsigned code = 0;
          if (json.size() - at < 5 || !parse_number(json.substr(at + 1, 4), code, 16)) return false;
          out += code < 0x80 ? static_cast<char>(code) : '?';
          at += 4;
          break;
        }
        default:
          return false;
      }
    }
    return false;
  };
  std::string key;
  if (!take('{') || !take_text(key) || key != "rate_by_service" || !take(':') || !take('{'))
    return false;
  if (take('}')) return true;
  do {
    if (!take_text(key) || !take(':')) return false;
    skip();
    double value = 0;
    const auto [end, error] = std::from_chars(json.data() + at, json.data() + json.size(), value);
    if (error != std::errc()) return false;
    at = static_cast<std::size_t>(end - json.data());
    if (value >= 0 && value <= 1) rate(self, key, value);
  } while (take(','));
  return take('}');
}

}  // namespace dd::transport
