// HTTP/1.1 over TCP or a Unix socket. Opens at most one descriptor, keeps it between requests, and
// never writes to one that somebody else has closed and opened anew.

#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/transport/connection.h"
#include "core/transport/resolver.h"

namespace dd::transport {

class HttpConnection final : public Connection {
 public:
  explicit HttpConnection(Address address) : address_(std::move(address)) {}
  ~HttpConnection() override { drop_socket(); }
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  void start(const Message& message, std::int64_t deadline_ns) override;
  Progress advance() override;
  void add_polls(std::vector<pollfd>& polls) const override;
  std::int64_t next_turn_ns() const override;
  void close() override;
  std::int64_t moved_ns() const override { return moved_ns_; }
  bool handed_over() const override { return written_ > 0 && written_ == total(); }

 private:
  enum class Open : std::uint8_t { kYes, kLater, kNo };
  Open open();
  bool open_socket(const SocketAddress& where);
  bool ours() const;
  void drop_socket();
  std::size_t total() const { return head_.size() + body_.size(); }
  Progress fail(Progress how, std::string what);
  Progress step();
  bool write_some();  // false: the connection is gone

  const Address address_;
  int socket_ = -1;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  bool reused_ = false, connecting_ = false;
  std::shared_ptr<Lookup> lookup_;
  std::vector<SocketAddress> candidates_;
  std::size_t candidate_ = 0;
  std::string head_, received_;
  std::string_view body_;
  std::size_t written_ = 0, noted_ = 0;  // the latter when it last moved
  std::int64_t deadline_ns_ = 0, moved_ns_ = 0;
};

}  // namespace dd::transport
