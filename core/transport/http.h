// HTTP/1.1 to an agent, over TCP or a Unix socket, without blocking: one request at a time, each
// step bounded in time. Made for the sending thread; it opens at most one descriptor, keeps it
// between requests, and never writes to one that somebody else has closed and opened anew.

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/status.h"

namespace dd::transport {

struct Address {
  std::string host, port;  // of http://
  std::string socket;      // of unix://
  std::string prefix;      // "/base", or empty
  std::string host_header;
};

// "http://host:port/prefix", "unix:///path". https is refused with a sentence that says so.
Result<Address> parse_agent_url(std::string_view url);

struct Response {
  int status = 0;
  std::string body;
  bool keep_alive = false;
};

enum class Parsed : std::uint8_t { kMore, kDone, kBad };
// What has come so far of one response; `ended`: nothing more will. Bodies beyond 1 MiB are bad.
Parsed parse_response(std::string_view bytes, bool ended, Response& out);

enum class Progress : std::uint8_t { kWorking, kDone, kRefused, kFailed };

class HttpClient {
 public:
  explicit HttpClient(Address address) : address_(std::move(address)) {}
  ~HttpClient() { close(); }
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // `head` ends with the empty line; `body` stays valid until the end of the request.
  void start(std::string head, std::string_view body, std::int64_t deadline_ns);
  // Goes on for at most `slice_ns`. Anything but kWorking ends the request.
  Progress advance(std::int64_t slice_ns);
  bool active() const { return active_; }
  const Response& response() const { return response_; }
  const std::string& problem() const { return problem_; }
  void close();

  const Address& address() const { return address_; }

 private:
  bool connect();
  bool open_socket(int family, const void* address, unsigned size);
  bool ours() const;
  Progress fail(Progress how, std::string what);
  Progress step(std::int64_t until_ns);

  const Address address_;
  int socket_ = -1;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  bool reused_ = false, active_ = false, connecting_ = false;
  int candidate_ = 0;
  std::string head_;
  std::string_view body_;
  std::size_t written_ = 0;
  std::int64_t deadline_ns_ = 0;
  std::string received_, problem_;
  Response response_;
};

// Calls rate(key, value) for each of {"rate_by_service": {key: value}}; false when it is not that.
bool parse_rates(std::string_view json,
                 void (*rate)(void* self, std::string_view key, double value), void* self);

}  // namespace dd::transport
