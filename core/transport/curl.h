// https:// through libcurl, which is opened at run time by the first request that needs it
// (DECISIONS.md, section 9). Certificates are those of the system, or of SSL_CERT_FILE and
// SSL_CERT_DIR; a proxy is taken from HTTPS_PROXY or ALL_PROXY unless NO_PROXY says otherwise. All
// of these are read from the environment as the process got it.

#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "core/transport/connection.h"

namespace dd::transport {

class CurlConnection final : public Connection {
 public:
  explicit CurlConnection(Address address) : address_(std::move(address)) {}
  ~CurlConnection() override;
  CurlConnection(const CurlConnection&) = delete;
  CurlConnection& operator=(const CurlConnection&) = delete;

  void start(const Message& message, std::int64_t deadline_ns) override;
  Progress advance() override;
  void add_polls(std::vector<pollfd>& polls) const override;
  std::int64_t next_turn_ns() const override;
  void close() override;
  std::int64_t moved_ns() const override { return 0; }
  bool handed_over() const override { return false; }
  // Loading libcurl and shaking hands takes more than the 100 ms of an agent nearby.
  std::int64_t patience_ns() const override { return 1'000'000'000; }
  // A farewell of TLS from here would end the parent's connection: closed without one, and leaked.
  void forked() override;

 private:
  struct Socket {
    int fd;
    dev_t device;
    ino_t inode;
    short events;  // what libcurl waits for; 0: nothing now
  };
  friend struct CurlCalls;  // what libcurl calls back
  bool open();
  bool sockets_are_ours() const;
  void forget();
  Progress finish(int code);

  const Address address_;
  void *multi_ = nullptr, *easy_ = nullptr, *lines_ = nullptr;  // of libcurl
  std::vector<Socket> sockets_;
  std::string url_, method_;
  std::int64_t deadline_ns_ = 0, timer_ns_ = 0;  // no timer: kNever
  bool too_large_ = false;
};

}  // namespace dd::transport
