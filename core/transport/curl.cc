#include "core/transport/curl.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "core/base/clock.h"
#include "core/config/setting.h"
#include "core/transport/worker.h"

namespace dd::transport {
namespace {

// Some of libcurl's declarations are also macros; pointers to the functions are not.
struct Library {
  decltype(&::curl_global_init) global_init = nullptr;
  decltype(&::curl_easy_init) easy_init = nullptr;
  decltype(&(::curl_easy_setopt)) easy_setopt = nullptr;
  decltype(&(::curl_easy_getinfo)) easy_getinfo = nullptr;
  decltype(&::curl_easy_reset) easy_reset = nullptr;
  decltype(&::curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&::curl_easy_strerror) easy_strerror = nullptr;
  decltype(&::curl_slist_append) slist_append = nullptr;
  decltype(&::curl_slist_free_all) slist_free_all = nullptr;
  decltype(&::curl_multi_init) multi_init = nullptr;
  decltype(&(::curl_multi_setopt)) multi_setopt = nullptr;
  decltype(&::curl_multi_add_handle) multi_add_handle = nullptr;
  decltype(&::curl_multi_remove_handle) multi_remove_handle = nullptr;
  decltype(&::curl_multi_socket_action) multi_socket_action = nullptr;
  decltype(&::curl_multi_info_read) multi_info_read = nullptr;
  decltype(&::curl_multi_cleanup) multi_cleanup = nullptr;
};

const Library* load() {
  // Local: nothing of it, or of what it brings along, is seen by the application's libraries.
  void* const handle = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  if (!handle) return nullptr;
  auto* const out = new Library;
  bool all = true;
  const auto find = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(handle, name));
    all = all && function;
  };
  find(out->global_init, "curl_global_init");
  find(out->easy_init, "curl_easy_init");
  find(out->easy_setopt, "curl_easy_setopt");
  find(out->easy_getinfo, "curl_easy_getinfo");
  find(out->easy_reset, "curl_easy_reset");
  find(out->easy_cleanup, "curl_easy_cleanup");
  find(out->easy_strerror, "curl_easy_strerror");
  find(out->slist_append, "curl_slist_append");
  find(out->slist_free_all, "curl_slist_free_all");
  find(out->multi_init, "curl_multi_init");
  find(out->multi_setopt, "curl_multi_setopt");
  find(out->multi_add_handle, "curl_multi_add_handle");
  find(out->multi_remove_handle, "curl_multi_remove_handle");
  find(out->multi_socket_action, "curl_multi_socket_action");
  find(out->multi_info_read, "curl_multi_info_read");
  find(out->multi_cleanup, "curl_multi_cleanup");
  if (!all || out->global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    delete out;
    return nullptr;
  }
  return out;
}

const Library* library() {
  static const Library* const kLoaded = load();
  return kLoaded;
}

std::string variable(std::string_view name, std::string_view other = {}) {
  auto value = config::variable(name);
  if ((!value || value->empty()) && !other.empty()) value = config::variable(other);
  return std::string(value.value_or(""));
}

}  // namespace

struct CurlCalls {
  static std::size_t body(char* data, std::size_t size, std::size_t count, void* self) {
    auto& out = *static_cast<CurlConnection*>(self);
    if (out.response_.body.size() + size * count > kMaxResponse) {
      out.too_large_ = true;
      return 0;
    }
    out.response_.body.append(data, size * count);
    return size * count;
  }
  static std::size_t header(char* data, std::size_t size, std::size_t count, void* self) {
    auto& out = *static_cast<CurlConnection*>(self);
    const std::string_view line(data, size * count);
    if (line.starts_with("HTTP/"))
      out.response_.head.clear();
    else if (out.response_.head.size() + line.size() <= 65536)
      out.response_.head.append(line);
    return line.size();
  }
  static curl_socket_t open(void* self, curlsocktype, curl_sockaddr* address) {
    int made = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (made >= 0 && made <= 2) {
      const int higher = fcntl(made, F_DUPFD_CLOEXEC, 3);
      ::close(made);
      made = higher;
    }
    struct stat found;
    if (made < 0 || fstat(made, &found) != 0) return CURL_SOCKET_BAD;
    static_cast<CurlConnection*>(self)->sockets_.push_back({made, found.st_dev, found.st_ino, 0});
    return made;
  }
  static int close(void* self, curl_socket_t fd) {
    auto& sockets = static_cast<CurlConnection*>(self)->sockets_;
    const auto at = std::find_if(sockets.begin(), sockets.end(),
                                 [fd](const auto& one) { return one.fd == fd; });
    if (at == sockets.end()) return 1;
    sockets.erase(at);
    return ::close(fd);
  }
  static int wants(CURL*, curl_socket_t fd, int what, void* self, void*) {
    for (auto& one : static_cast<CurlConnection*>(self)->sockets_)
      if (one.fd == fd)
        one.events =
            static_cast<short>((what == CURL_POLL_IN || what == CURL_POLL_INOUT ? POLLIN : 0) |
                               (what == CURL_POLL_OUT || what == CURL_POLL_INOUT ? POLLOUT : 0));
    return 0;
  }
  static int timer(CURLM*, long ms, void* self) {
    static_cast<CurlConnection*>(self)->timer_ns_ =
        ms < 0 ? kNever : base::monotonic_ns() + ms * 1'000'000LL;
    return 0;
  }
};

CurlConnection::~CurlConnection() { close(); }

bool CurlConnection::open() {
  const Library* const curl = library();
  if (!curl) return false;
  multi_ = curl->multi_init();
  easy_ = curl->easy_init();
  curl->multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlCalls::wants);
  curl->multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl->multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlCalls::timer);
  curl->multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl->multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 1L);
  return true;
}

bool CurlConnection::sockets_are_ours() const {
  return std::all_of(sockets_.begin(), sockets_.end(), [](const Socket& one) {
    struct stat now;
    return fstat(one.fd, &now) == 0 && now.st_dev == one.device && now.st_ino == one.inode;
  });
}

// Leaves libcurl's handles behind: they would write to sockets that are not ours alone.
void CurlConnection::forget() {
  multi_ = easy_ = lines_ = nullptr;
  sockets_.clear();
  active_ = false;
}

void CurlConnection::start(const Message& message, std::int64_t deadline_ns) {
  active_ = true;
  response_ = {};
  problem_.clear();
  too_large_ = false;
  deadline_ns_ = deadline_ns;
  timer_ns_ = 0;
  if (multi_ && !sockets_are_ours()) forget();
  active_ = true;
  if (!multi_ && !open()) return;  // advance() says so
  const Library& curl = *library();
  url_ = address_.origin() + std::string(message.target);
  method_ = message.method;
  std::string text;
  append_headers(text, message);
  curl_slist* lines = curl.slist_append(nullptr, "Expect:");
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find("\r\n", at);
    const std::string line = text.substr(at, end - at);
    lines = curl.slist_append(lines, line.c_str());
    at = end + 2;
  }
  lines_ = lines;
  const auto set = [&](CURLoption option, auto value) { curl.easy_setopt(easy_, option, value); };
  curl.easy_reset(easy_);
  set(CURLOPT_URL, url_.c_str());
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_PROTOCOLS_STR, "https");
  set(CURLOPT_HTTPHEADER, lines);
  set(CURLOPT_WRITEFUNCTION, &CurlCalls::body);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_HEADERFUNCTION, &CurlCalls::header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_OPENSOCKETFUNCTION, &CurlCalls::open);
  set(CURLOPT_OPENSOCKETDATA, this);
  set(CURLOPT_CLOSESOCKETFUNCTION, &CurlCalls::close);
  set(CURLOPT_CLOSESOCKETDATA, this);
  const std::int64_t left_ms = (deadline_ns - base::monotonic_ns()) / 1'000'000 + 1;
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<std::int64_t>(left_ms, 1)));
  if (method_ != "GET") {
    set(CURLOPT_POSTFIELDS, message.body.data() ? message.body.data() : "");
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(message.body.size()));
    set(CURLOPT_CUSTOMREQUEST, method_.c_str());
  }
  if (const std::string file = variable("SSL_CERT_FILE"); !file.empty())
    set(CURLOPT_CAINFO, file.c_str());
  if (const std::string folder = variable("SSL_CERT_DIR"); !folder.empty())
    set(CURLOPT_CAPATH, folder.c_str());
  // Said even when empty: libcurl would read the environment, which the application may be
  // changing.
  std::string proxy = variable("https_proxy", "HTTPS_PROXY");
  if (proxy.empty()) proxy = variable("all_proxy", "ALL_PROXY");
  set(CURLOPT_PROXY, proxy.c_str());
  set(CURLOPT_NOPROXY, variable("no_proxy", "NO_PROXY").c_str());
  curl.multi_add_handle(multi_, easy_);
}

Progress CurlConnection::advance() {
  if (!multi_) {
    active_ = false;
    problem_ = "https needs libcurl.so.4 (package libcurl4)";
    return Progress::kFailed;
  }
  const Library& curl = *library();
  if (!sockets_are_ours()) {
    forget();
    problem_ = "the connection was closed by the application";
    return Progress::kFailed;
  }
  int running = 0;
  std::vector<pollfd> ready;
  add_polls(ready);
  if (!ready.empty() && poll(ready.data(), ready.size(), 0) > 0)
    for (const pollfd& one : ready) {
      int mask = one.revents & (POLLERR | POLLHUP | POLLNVAL) ? CURL_CSELECT_ERR : 0;
      if (one.revents & POLLIN) mask |= CURL_CSELECT_IN;
      if (one.revents & POLLOUT) mask |= CURL_CSELECT_OUT;
      if (mask) curl.multi_socket_action(multi_, one.fd, mask, &running);
    }
  const std::int64_t now = base::monotonic_ns();
  if (now >= timer_ns_ || now >= deadline_ns_) {
    timer_ns_ = kNever;
    curl.multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
  }
  int left = 0;
  while (const CURLMsg* message = curl.multi_info_read(multi_, &left))
    if (message->msg == CURLMSG_DONE) return finish(message->data.result);
  if (now >= deadline_ns_ + 1'000'000'000) return finish(CURLE_OPERATION_TIMEDOUT);
  return Progress::kWorking;
}

Progress CurlConnection::finish(int code) {
  const Library& curl = *library();
  long status = 0, why = 0;
  curl.easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  curl.easy_getinfo(easy_, CURLINFO_OS_ERRNO, &why);
  curl.multi_remove_handle(multi_, easy_);
  curl.slist_free_all(static_cast<curl_slist*>(std::exchange(lines_, nullptr)));
  active_ = false;
  if (code == CURLE_OK) {
    response_.status = static_cast<int>(status);
    response_.keep_alive = true;
    return Progress::kDone;
  }
  problem_ =
      too_large_ ? "an answer that is too long" : curl.easy_strerror(static_cast<CURLcode>(code));
  return code == CURLE_COULDNT_CONNECT && why == ECONNREFUSED ? Progress::kRefused
                                                              : Progress::kFailed;
}

void CurlConnection::add_polls(std::vector<pollfd>& polls) const {
  if (!active_) return;
  for (const Socket& one : sockets_)
    if (one.events) polls.push_back({one.fd, one.events, 0});
}

std::int64_t CurlConnection::next_turn_ns() const {
  if (!active_) return kNever;
  // A lookup of libcurl's own thread is seen through its timer.
  return std::min(timer_ns_, deadline_ns_);
}

void CurlConnection::close() {
  if (!multi_) return;
  if (!sockets_are_ours()) return forget();
  const Library& curl = *library();
  if (active_) curl.multi_remove_handle(multi_, easy_);
  if (lines_) curl.slist_free_all(static_cast<curl_slist*>(lines_));
  curl.easy_cleanup(easy_);
  curl.multi_cleanup(multi_);
  forget();
}

void CurlConnection::forked() {
  for (const Socket& one : sockets_) {
    struct stat now;
    if (fstat(one.fd, &now) == 0 && now.st_dev == one.device && now.st_ino == one.inode)
      ::close(one.fd);
  }
  forget();
}

}  // namespace dd::transport
