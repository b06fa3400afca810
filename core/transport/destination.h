// Requests to one place, on the worker: a queue of its own, one connection, exact counts. A place
// that does not answer keeps its own queue waiting and nobody else's.
//
//     Destination* agent = transport::agent();           // agent_sink.h; null when tracing is off
//     agent->submit({.target = "/v0.6/stats",
//                    .headers = {{"content-type", "application/msgpack"}},
//                    .body = encode()},
//                   [](const Reply& reply) { if (!reply.ok()) ++lost; });
//
// submit() never waits. The callback comes once for each request that was accepted, on the worker
// (no GIL, no waiting); not in a forked child, which starts with an empty queue. Requests go out
// one after another, in order.

#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/status.h"
#include "core/transport/courier.h"
#include "core/transport/worker.h"

namespace dd::transport {

struct Request {
  std::string method = "POST";
  std::string target;  // "/v0.6/stats?x=1"; the address' prefix is put before it
  Headers headers = {};
  std::string body = {};
  std::int64_t timeout_ns = 2'000'000'000;  // of each attempt
  // See Courier.
  int attempts = 1;
};

struct Reply {
  int status = 0;         // 0: no answer, see `problem`
  std::string_view body;  // these three are valid during the call
  std::string_view problem;
  const Response* response = nullptr;  // for its headers; null without an answer
  bool ok() const { return status >= 200 && status < 300; }
};
using Done = std::function<void(const Reply& reply)>;

class Destination final : public Job {
 public:
  struct Options {
    Headers headers = {};                             // on every request
    void (*add_headers)(Headers& headers) = nullptr;  // those that change; on the worker
    std::size_t max_requests = 64;
    std::size_t max_bytes = 8 << 20;  // of bodies waiting
  };
  struct Stats {  // submitted = answered + failed + dropped + pending
    std::uint64_t submitted = 0, answered = 0, failed = 0, dropped = 0, pending = 0;
    std::uint64_t bytes_sent = 0;
  };

  // Opens nothing. An error: the URL cannot be used.
  static Result<std::unique_ptr<Destination>> make(std::string_view url, Options options);
  ~Destination() override;
  Destination(const Destination&) = delete;
  Destination& operator=(const Destination&) = delete;

  // Any thread. False: dropped and counted, the callback does not come.
  bool submit(Request request, Done done);
  // Waits until what was submitted before is answered or failed. Any thread but the worker, without
  // the GIL. False at the timeout.
  bool wait(std::int64_t timeout_ns);
  Stats stats() const;
  const Address& address() const { return address_; }

  std::int64_t turn(const Turn& turn) override;
  void add_polls(std::vector<pollfd>& polls) override;
  bool idle() const override;
  void end() override;
  void forked(bool whole) override;

 private:
  struct Node {
    Node* next = nullptr;
    Request request;
    Done done;
  };
  Destination(Address address, Options options);
  void take();
  void begin();
  void settle(const Reply& reply);
  void fail_all(std::string_view problem);

  const Address address_;
  const Options options_;

  std::atomic<Node*> head_{nullptr};
  std::atomic<bool> closed_{false};
  std::atomic<std::size_t> waiting_bytes_{0};
  std::atomic<std::uint64_t> submitted_{0}, answered_{0}, failed_{0}, dropped_{0}, bytes_sent_{0};
  std::atomic<std::uint32_t> settled_{0};  // counts answers and failures, for wait()

  // The worker's own.
  Courier courier_;
  std::deque<std::unique_ptr<Node>> queue_;
  Headers common_;
};

}  // namespace dd::transport
