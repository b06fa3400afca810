#include "core/transport/courier.h"

#include <algorithm>
#include <new>

#include "core/base/clock.h"

namespace dd::transport {
namespace {

constexpr std::int64_t kTakingNs = 400'000'000, kLongestNs = 2'000'000'000;
constexpr std::int64_t kReadingNsPerByte = 1'000;  // of an agent in a slow language
constexpr std::int64_t kSlower = 4;                // than the slowest of late

}  // namespace

void Courier::start(const Message& message, const Policy& policy) {
  message_ = message;
  policy_ = policy;
  busy_ = true;
  attempts_ = 0;
  next_attempt_ns_ = 0;
}

Courier::End Courier::advance(const Turn& turn, bool at_once) {
  if (!busy_) return End::kNot;
  if (!on_its_way()) {
    if (attempts_ > 0 && turn.now_ns < next_attempt_ns_ && !at_once && !turn.stopping)
      return End::kNot;
    if (!connection_) connection_ = make_connection(address_);
    ++attempts_;
    made_.fetch_add(1, std::memory_order_relaxed);
    started_ns_ = base::monotonic_ns();
    connection_->start(message_, std::min(started_ns_ + policy_.timeout_ns, turn.stop_at_ns));
  }
  const Progress progress = connection_->advance();
  if (progress != Progress::kWorking) {
    patient_until_.store(0, std::memory_order_relaxed);
    return ended(progress, turn);
  }
  patient_until_.store(patience(), std::memory_order_relaxed);
  return stuck(turn);
}

std::int64_t Courier::patience() const {
  const std::int64_t moved = connection_->moved_ns();
  if (moved == 0) return started_ns_ + connection_->patience_ns();
  if (!connection_->handed_over()) return moved + kTakingNs;
  if (failing_) return moved;
  const auto size = static_cast<std::int64_t>(message_.body.size());
  return moved + std::min(std::max(size * kReadingNsPerByte, slowest_ns_ * kSlower), kLongestNs);
}

Courier::End Courier::stuck(const Turn& turn) {
  if (!turn.stopping) return End::kNot;
  const std::int64_t until = std::max(turn.hopeless_at_ns, patient_until_ns());
  if (turn.now_ns < until) return End::kNot;
  const bool handed_over = connection_->handed_over();
  connection_->close();
  busy_ = reached_ = false;
  status_ = 0;
  problem_ = "no answer in time";
  failures_.fetch_add(1, std::memory_order_relaxed);
  return handed_over ? End::kUnanswered : End::kGivenUp;
}

Courier::End Courier::ended(Progress progress, const Turn& turn) {
  reached_ = progress == Progress::kDone;
  failing_ = !reached_;
  status_ = reached_ ? connection_->response().status : 0;
  if (reached_ && policy_.hear) policy_.hear(connection_->response());
  if (status_ >= 200 && status_ < 300) {
    if (const std::int64_t moved = connection_->moved_ns())
      slowest_ns_ = std::max(base::monotonic_ns() - moved, slowest_ns_ - slowest_ns_ / 8);
    busy_ = false;
    return End::kTaken;
  }
  failures_.fetch_add(1, std::memory_order_relaxed);
  problem_ = status_ ? "HTTP " + std::to_string(status_) : connection_->problem();
  const bool hopeless =
      turn.stopping && (progress == Progress::kRefused || turn.now_ns >= turn.hopeless_at_ns);
  if (attempts_ < policy_.attempts && !hopeless && !(policy_.final && policy_.final(status_))) {
    next_attempt_ns_ =
        base::monotonic_ns() + (policy_.first_delay_ns << std::min(attempts_ - 1, 10));
    return End::kNot;
  }
  busy_ = false;
  return End::kFailed;
}

std::int64_t Courier::next_turn_ns() const {
  if (on_its_way()) return connection_->next_turn_ns();
  return busy_ ? next_attempt_ns_ : kNever;
}

void Courier::drop() {
  connection_.reset();
  busy_ = false;
  patient_until_.store(0, std::memory_order_relaxed);
}

void Courier::forked(bool whole) {
  if (whole) {
    // The child's copy of the descriptor is closed; the parent's connection lives on.
    if (connection_) connection_->forked();
    connection_.reset();
  } else {
    (void)connection_.release();
    new (&problem_) std::string;
  }
  busy_ = reached_ = failing_ = false;
  attempts_ = status_ = 0;
  next_attempt_ns_ = 0;
  patient_until_.store(0);
  slowest_ns_ = 0;
  made_.store(0);
  failures_.store(0);
}

}  // namespace dd::transport
