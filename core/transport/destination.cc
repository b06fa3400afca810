#include "core/transport/destination.h"

#include <algorithm>

#include "core/base/clock.h"

namespace dd::transport {

Result<std::unique_ptr<Destination>> Destination::make(std::string_view url, Options options) {
  Result<Address> address = parse_agent_url(url);
  if (!address.ok()) return address.status();
  return std::unique_ptr<Destination>(
      new Destination(std::move(address).value(), std::move(options)));
}

Destination::Destination(Address address, Options options)
    : address_(std::move(address)), options_(std::move(options)), courier_(address_) {
  Worker::get().add(this);
}

Destination::~Destination() {
  closed_.store(true);
  Worker::get().remove(this);
  take();
}

bool Destination::submit(Request request, Done done) {
  submitted_.fetch_add(1, std::memory_order_relaxed);
  const Stats now = stats();
  if (closed_.load(std::memory_order_relaxed) || now.pending > options_.max_requests ||
      waiting_bytes_.load(std::memory_order_relaxed) + request.body.size() > options_.max_bytes) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  waiting_bytes_.fetch_add(request.body.size(), std::memory_order_relaxed);
  auto* const node = new Node{nullptr, std::move(request), std::move(done)};
  Node* head = head_.load(std::memory_order_relaxed);
  do node->next = head;
  while (!head_.compare_exchange_weak(head, node, std::memory_order_release,
                                      std::memory_order_relaxed));
  Worker::get().wake();
  return true;
}

bool Destination::wait(std::int64_t timeout_ns) {
  const std::int64_t until = base::monotonic_ns() + timeout_ns;
  for (;;) {
    const std::uint32_t seen = settled_.load();
    if (stats().pending == 0) return true;
    const std::int64_t left = until - base::monotonic_ns();
    if (left <= 0 || !Worker::get().running()) return false;
    futex_wait(settled_, seen, left);
  }
}

Destination::Stats Destination::stats() const {
  Stats out;
  // What is settled first, so that pending is never negative.
  out.answered = answered_.load();
  out.failed = failed_.load();
  out.dropped = dropped_.load();
  out.bytes_sent = bytes_sent_.load(std::memory_order_relaxed);
  out.submitted = submitted_.load();
  out.pending = out.submitted - out.answered - out.failed - out.dropped;
  return out;
}

// Moves what was submitted into the worker's queue, oldest first.
void Destination::take() {
  Node* newest = head_.exchange(nullptr, std::memory_order_acquire);
  const std::size_t before = queue_.size();
  for (; newest; newest = newest->next) queue_.emplace_back(newest);
  std::reverse(queue_.begin() + static_cast<std::ptrdiff_t>(before), queue_.end());
}

std::int64_t Destination::turn(const Turn& turn) {
  take();
  while (!queue_.empty()) {
    if (!courier_.busy()) begin();
    const Courier::End end = courier_.advance(turn, false);
    if (end == Courier::End::kNot) break;
    Reply reply;
    if (courier_.status() != 0) {
      const Response& response = courier_.response();
      reply = {response.status, response.body, {}, &response};
    } else {
      reply.problem = courier_.problem();
    }
    settle(reply);
    // Nobody is there any more.
    if (turn.stopping && end != Courier::End::kTaken && !courier_.reached())
      fail_all("the process ends");
  }
  return courier_.next_turn_ns();
}

void Destination::begin() {
  const Request& request = queue_.front()->request;
  common_ = options_.headers;
  if (options_.add_headers) options_.add_headers(common_);
  courier_.start({.method = request.method,
                  .target = request.target,
                  .headers = {&common_, &request.headers},
                  .body = request.body},
                 {.attempts = request.attempts, .timeout_ns = request.timeout_ns});
}

// The request in front is done with.
void Destination::settle(const Reply& reply) {
  const std::unique_ptr<Node> node = std::move(queue_.front());
  queue_.pop_front();
  waiting_bytes_.fetch_sub(node->request.body.size(), std::memory_order_relaxed);
  if (reply.ok()) bytes_sent_.fetch_add(node->request.body.size(), std::memory_order_relaxed);
  if (node->done) node->done(reply);
  (reply.ok() ? answered_ : failed_).fetch_add(1);
  settled_.fetch_add(1);
  futex_wake(settled_);
}

void Destination::fail_all(std::string_view problem) {
  courier_.drop();
  while (!queue_.empty()) settle({.problem = problem});
}

void Destination::add_polls(std::vector<pollfd>& polls) { courier_.add_polls(polls); }

bool Destination::idle() const { return queue_.empty() && !head_.load(); }

void Destination::end() {
  closed_.store(true);
  take();
  fail_all("the process ends");
}

void Destination::forked(bool whole) {
  Node* at = head_.exchange(nullptr, std::memory_order_acquire);
  courier_.forked(whole);
  if (whole) {
    queue_.clear();
    while (at) delete std::exchange(at, at->next);
  } else {
    new (&queue_) std::deque<std::unique_ptr<Node>>;
    new (&common_) Headers;
  }
  closed_.store(false);
  waiting_bytes_.store(0);
  for (auto* counter : {&submitted_, &answered_, &failed_, &dropped_, &bytes_sent_})
    counter->store(0);
  settled_.store(0);
}

}  // namespace dd::transport
