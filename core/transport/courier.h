// One request at a time to one place, tried again until it is answered or given up.
//
// An attempt that fails or is answered with 400 and above is followed by another after 100 ms,
// 200 ms, 400 ms ...; at the end of the process at once, for some 80 ms. What is on its way then is
// given up after that time, unless
//   it is still being taken: 0.4 s after a good deal of it was;
//   it was handed over not long ago, and the attempt before did not fail: the peer gets the time
//   its size takes to read, or some times what its slowest recent answer took. Also a peer that has
//   never answered: of a busy machine's agent nobody can tell that it is only slow.
// What was handed over arrives, whatever the peer's pace: it only stays unanswered. On the worker.

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/transport/connection.h"
#include "core/transport/worker.h"

namespace dd::transport {

class Courier {
 public:
  enum class End : std::uint8_t {
    kNot,         // it goes on, or there is nothing
    kTaken,       // an answer of 200 and above
    kFailed,      // every attempt failed
    kUnanswered,  // handed over, and the process ends
    kGivenUp,     // the process ends
  };
  struct Policy {
    int attempts = 1;
    std::int64_t first_delay_ns = kFirstDelayNs;
    std::int64_t timeout_ns = 2'000'000'000;         // of each
    bool (*final)(int status) = nullptr;             // no further attempt after this answer
    void (*hear)(const Response& answer) = nullptr;  // each answer
  };

  explicit Courier(const Address& address) : address_(address) {}

  // All that `message` points to stays valid until advance() has told the end.
  void start(const Message& message, const Policy& policy);
  // `at_once`: does not wait for the time of the next attempt.
  End advance(const Turn& turn, bool at_once);

  bool busy() const { return busy_; }
  bool on_its_way() const { return connection_ && connection_->active(); }
  // What is on its way arrives whether this process lives or not.
  bool handed_over() const { return on_its_way() && connection_->handed_over(); }
  bool waiting() const { return busy_ && attempts_ > 0 && !on_its_way(); }  // for its next attempt
  // The peer has answered, and did so last time.
  bool reached() const { return reached_; }
  bool failing() const { return failing_; }  // the last attempt had no answer
  std::int64_t next_turn_ns() const;
  // Until when an end of the process should wait for what is on its way; 0: nothing is. Any thread.
  std::int64_t patient_until_ns() const { return patient_until_.load(std::memory_order_relaxed); }
  void add_polls(std::vector<pollfd>& polls) const {
    if (connection_) connection_->add_polls(polls);
  }

  int status() const { return status_; }  // of the last answer; 0: there was none
  const std::string& problem() const { return problem_; }
  const Response& response() const { return connection_->response(); }  // when status() is not 0

  std::uint64_t attempts_in_all() const { return made_.load(std::memory_order_relaxed); }
  std::uint64_t failures_in_all() const { return failures_.load(std::memory_order_relaxed); }

  void drop();  // whatever is on its way, and the connection
  void forked(bool whole);

 private:
  End ended(Progress progress, const Turn& turn);
  End stuck(const Turn& turn);
  std::int64_t patience() const;

  const Address& address_;
  std::unique_ptr<Connection> connection_;
  Message message_;
  Policy policy_;
  bool busy_ = false, reached_ = false, failing_ = false;
  int attempts_ = 0, status_ = 0;
  std::int64_t started_ns_ = 0, next_attempt_ns_ = 0;
  std::string problem_;
  std::int64_t slowest_ns_ = 0;  // recent answer, from when the request was handed over
  std::atomic<std::int64_t> patient_until_{0};
  std::atomic<std::uint64_t> made_{0}, failures_{0};
};

}  // namespace dd::transport
