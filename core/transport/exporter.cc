#include "core/transport/exporter.h"

#include <algorithm>
#include <iterator>

#include "core/base/check.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/transport/agent_info.h"

namespace dd::transport {
namespace {

// Followed nowhere, and the next attempt would be answered the same.
bool is_redirection(int status) { return status >= 300 && status < 400; }
bool is_unknown(int status) { return status == 404 || status == 415; }
// It would be answered the same another day.
bool is_refusal(int status) {
  return status >= 300 && status < 500 && status != 408 && status != 429;
}

// For whoever looks into a payload that no agent takes: as many lines as it needs.
void show_lost(std::string_view payload) {
  constexpr std::size_t kPiece = 1900;
  constexpr char kDigits[] = "0123456789abcdef";
  for (std::size_t at = 0; at < payload.size(); at += kPiece) {
    std::string line = "payload from byte " + std::to_string(at) + ": ";
    for (const char c : payload.substr(at, kPiece)) {
      const auto byte = static_cast<unsigned char>(c);
      line.append({kDigits[byte >> 4], kDigits[byte & 15]});
    }
    base::log(base::LogLevel::kWarning, line);
  }
}

// What another core has written and the encoder reads soon: a span and what was put behind it.
void fetch(const trace::Delivery& delivery) {
  constexpr std::size_t kBytes = 640;
  if (delivery.count == 0) return;
  const char* const span = reinterpret_cast<const char*>(delivery.spans[0]);
  for (std::size_t at = 0; at < kBytes; at += 64) __builtin_prefetch(span + at);
}

}  // namespace

Result<std::unique_ptr<Exporter>> Exporter::make(Options options) {
  Result<Address> address = parse_agent_url(options.url);
  if (!address.ok()) return address.status();
  return std::unique_ptr<Exporter>(new Exporter(std::move(options), std::move(address).value()));
}

Exporter::Exporter(Options options, Address address)
    : options_(std::move(options)), address_(std::move(address)), courier_(address_) {
  encoder_ = make_encoder();
  Worker::get().add(this);
}

std::unique_ptr<encoding::TraceEncoder> Exporter::make_encoder() const {
  if (options_.make_encoder) return options_.make_encoder();
  return options_.v05 ? encoding::make_v05(options_.facts)
                      : encoding::make_v04(options_.facts, options_.native_events);
}

Exporter::~Exporter() {
  closed_.store(true);
  Worker::get().remove(this);
  for (trace::Delivery* at = head_.exchange(nullptr, std::memory_order_acquire); at;) {
    trace::Delivery* const next = at->next;
    trace::Delivery::drop(at);
    at = next;
  }
}

void Exporter::accept(trace::Delivery* delivery) {
  accepted_.add(1, delivery->count);
  const std::size_t bytes = std::max<std::size_t>(delivery->bytes, 1);
  Drop why = Drop::kCount;
  if (closed_.load(std::memory_order_relaxed))
    why = Drop::kClosed;
  else if (queued_bytes_.load(std::memory_order_relaxed) >= kQueueBytes)
    why = Drop::kQueueFull;
  if (why != Drop::kCount) [[unlikely]] {
    dropped(why).add(1, delivery->count);
    trace::Delivery::drop(delivery);
    return;
  }
  trace::Delivery* head = head_.load(std::memory_order_relaxed);
  do delivery->next = head;
  while (!head_.compare_exchange_weak(head, delivery, std::memory_order_release,
                                      std::memory_order_relaxed));
  // Sequentially consistent against run(), which disarms and then looks at the bytes again.
  const std::size_t before = queued_bytes_.fetch_add(bytes);
  if (!Worker::get().running() || (before < kWakeBytes && before + bytes >= kWakeBytes) ||
      !armed_.load())
    Worker::get().wake();
  if (options_.at_once) (void)flush(options_.timeout_ns);
}

std::int64_t Exporter::turn(const Turn& turn) {
  armed_.store(true);
  const std::uint32_t wanted = flush_wanted_.load();
  const bool flushing = wanted != flush_done_.load(std::memory_order_relaxed);
  const bool now_or_never = flushing || turn.stopping;
  const std::int64_t now = turn.now_ns;
  const bool due = deadline_ns_ && now >= deadline_ns_;

  const bool copy = options_.estate && estate_is_due(now);
  if (now_or_never || due || copy || queued_bytes_.load() >= kWakeBytes) drain();
  const bool full = encoder_->bytes() >= kSendBytes;
  const bool worth = encoder_->chunks() || unsaid_.traces;
  if (payload_.size() == 0 && worth && (now_or_never || due || full)) take_payload();
  if (options_.spill && !payload_.size()) take_spilled(turn);
  if (due) deadline_ns_ = 0;
  if (!deadline_ns_ && (encoder_->chunks() || unsaid_.traces || queued_bytes_.load()))
    deadline_ns_ = now + options_.interval_ns;

  if (payload_.size() && !courier_.busy()) send_payload();
  if (courier_.busy()) {
    // An agent that answers with an error is given its time; one that cannot be reached is not.
    const Courier::End end = courier_.advance(turn, flushing && !courier_.reached());
    if (options_.estate) options_.estate->set_handed_over(courier_.handed_over());
    if (end != Courier::End::kNot) end_request(end);
    if (options_.estate && !payload_.size()) options_.estate->clear_sealed();
  }

  const bool waiting = courier_.waiting();
  const bool failed = waiting && !courier_.reached();
  const bool empty =
      !payload_.size() && !encoder_->chunks() && !unsaid_.traces && !queued_bytes_.load();
  if (flushing && (empty || failed)) {
    flush_clean_.store(empty, std::memory_order_relaxed);
    flush_done_.store(wanted);
    futex_wake(flush_done_);
  } else if (flushing && !courier_.busy()) {
    return 0;  // the next payload at once
  }
  if (turn.stopping) return courier_.on_its_way() ? courier_.next_turn_ns() : 0;

  std::int64_t until = deadline_ns_ ? deadline_ns_ : kNever;
  if (courier_.busy())
    until = std::min(until, courier_.next_turn_ns());
  else if (encoder_->chunks() && encoder_->bytes() >= kSendBytes)
    return 0;
  else if (options_.spill && options_.spill->waiting())
    until = std::min(until, next_probe_ns_);
  if (options_.estate) {
    armed_.store(look_ns_ != 0);
    if (look_ns_ == 0 && queued_bytes_.load() != 0) {
      armed_.store(true);
      look_ns_ = now + Estate::kLookNs;
    }
    return look_ns_ != 0 ? std::min(until, look_ns_) : until;
  }
  // Sequentially consistent against accept(), which adds its bytes and then looks at armed_.
  armed_.store(until != kNever);
  if (queued_bytes_.load() >= kWakeBytes || (until == kNever && queued_bytes_.load() != 0)) {
    armed_.store(true);
    return 0;
  }
  return until;
}

void Exporter::add_polls(std::vector<pollfd>& polls) { courier_.add_polls(polls); }

bool Exporter::idle() const {
  return gave_up_ || (!payload_.size() && !encoder_->chunks() && !queued_bytes_.load());
}

// What is left is dropped and counted.
void Exporter::end() {
  closed_.store(true);
  drain();
  if (payload_.size()) (void)spill_payload();
  if (encoder_->chunks()) (void)spill_encoded();
  dropped(Drop::kSpilled).add(spilled_volume_.traces, spilled_volume_.spans);
  spilled_volume_ = {};
  const bool lost = payload_.size() || encoder_->chunks();
  if (payload_.size()) discard_payload(Drop::kUnsent);
  if (encoder_->chunks()) {
    dropped(Drop::kUnsent).add(encoder_->chunks(), encoder_->spans());
    encoder_->clear();
  }
  courier_.drop();
  if (options_.estate) options_.estate->stop();
  if (lost) complain();
  tell_balance();
  flush_clean_.store(!lost, std::memory_order_relaxed);
  flush_done_.store(flush_wanted_.load());
  futex_wake(flush_done_);
}

void Exporter::take_payload() {
  const Volume all = accepted_.read();
  Volume gone = stats().dropped_in_all();
  for (const Drop on_purpose : {Drop::kUnsampled, Drop::kFiltered})
    gone.traces -= dropped(on_purpose).read().traces;
  window_accepted_[window_] = all.traces - accepted_before_.traces;
  window_dropped_[window_] = gone.traces - dropped_before_.traces;
  window_ = (window_ + 1) % kWindows;
  accepted_before_ = all;
  dropped_before_ = gone;
  std::uint64_t accepted = 0, lost = 0;
  for (int i = 0; i < kWindows; ++i) {
    accepted += window_accepted_[i];
    lost += window_dropped_[i];
  }
  payload_path_ = encoder_->path();
  payload_volume_ = {encoder_->chunks(), encoder_->spans()};
  encoder_->take(payload_);
  if (options_.estate) options_.estate->seal();
  compressed_.clear();
  if (options_.compress) (void)options_.compress(payload_.view(), compressed_);
  encoder_->set_keep_rate(
      accepted ? 1.0 - std::min(1.0, static_cast<double>(lost) / static_cast<double>(accepted))
               : 1.0);
  payload_unsaid_ = std::exchange(unsaid_, {});
  if (v04_wanted_.load(std::memory_order_relaxed) && encoder_->path() != "/v0.4/traces")
    switch_to_v04();
}

// The encoder is empty, or what is in it is lost.
void Exporter::switch_to_v04() {
  if (encoder_->chunks()) dropped(Drop::kRejected).add(encoder_->chunks(), encoder_->spans());
  if (options_.estate) options_.estate->clear_open();
  encoder_ = encoding::make_v04(options_.facts, options_.native_events);
}

// Encodes everything queued, oldest first.
void Exporter::drain() {
  trace::Delivery* newest = head_.exchange(nullptr, std::memory_order_acquire);
  trace::Delivery* oldest = nullptr;
  while (newest) {
    trace::Delivery* const next = newest->next;
    newest->next = oldest;
    oldest = newest;
    newest = next;
  }
  std::size_t limit = options_.buffer_bytes;
  if (!courier_.reached())
    limit = std::min(limit, courier_.failing() ? kUnreachableBytes : kUnknownBytes);
  const std::size_t largest = std::min(options_.chunk_bytes, options_.buffer_bytes);
  while (oldest) {
    trace::Delivery* const next = oldest->next;
    if (next) fetch(*next);
    const std::size_t bytes = std::max<std::size_t>(oldest->bytes, 1);
    // A chunk alone in an empty buffer may have the whole of it, agent or not.
    const std::uint32_t before = oldest->count;
    Screened screened = Screened::kSend;
    if (options_.look) options_.look(*oldest);
    if (options_.screen) screened = options_.screen(*oldest);
    if (screened == Screened::kFiltered) {
      dropped(Drop::kFiltered).add(1, before);
    } else if (oldest->count != before) {
      const Volume less{.traces = oldest->count == 0, .spans = before - oldest->count};
      dropped(Drop::kUnsampled).add(less.traces, less.spans);
      if (options_.tells_drops)
        unsaid_ = {unsaid_.traces + less.traces, unsaid_.spans + less.spans};
    }
    const bool alone = encoder_->chunks() == 0;
    const std::size_t fits = encoder_->bytes() + largest, room = alone ? largest : limit;
    Drop why = Drop::kCount;
    bool added = !oldest->count || encoder_->add(*oldest, std::min(fits, room));
    if (!added && fits > room && spill_encoded()) added = encoder_->add(*oldest, largest);
    if (!added) {
      why = fits <= room ? Drop::kTooLarge : Drop::kBufferFull;
      dropped(why).add(1, oldest->count);
    }
    if (Health* const health = options_.health; health && oldest->count) {
      health->add("writer.accepted.traces", 1);
      if (why == Drop::kCount) {
        health->add("buffer.accepted.traces", 1);
        health->add("buffer.accepted.spans", oldest->count);
      } else {
        health->add("buffer.dropped.traces", 1,
                    why == Drop::kTooLarge ? "reason:t_too_big" : "reason:full");
      }
    }
    trace::Delivery::drop(oldest);
    queued_bytes_.fetch_sub(bytes);
    oldest = next;
  }
  if (options_.estate) write_estate();
}

void Exporter::send_payload() {
  request_headers_ = {{"Content-Type", std::string(encoder_->content_type())}};
  if (options_.counts_chunks)
    request_headers_.emplace_back("X-Datadog-Trace-Count", std::to_string(payload_volume_.traces));
  if (!compressed_.empty()) request_headers_.emplace_back("Content-Encoding", "zstd");
  if (payload_unsaid_.traces || payload_unsaid_.spans) {
    request_headers_.emplace_back("Datadog-Client-Dropped-P0-Traces",
                                  std::to_string(payload_unsaid_.traces));
    request_headers_.emplace_back("Datadog-Client-Dropped-P0-Spans",
                                  std::to_string(payload_unsaid_.spans));
  }
  if (options_.add_headers) options_.add_headers(request_headers_);
  const bool v05 = payload_path_ == "/v0.5/traces";
  courier_.start(
      {.method = "POST",
       .target = payload_path_,
       .headers = {&options_.headers, &request_headers_},
       .body = compressed_.empty() ? payload_.view() : std::string_view(compressed_)},
      {.attempts = options_.attempts,
       .first_delay_ns = options_.first_delay_ns,
       .timeout_ns = options_.timeout_ns,
       .final = v05 ? [](int status) { return is_redirection(status) || is_unknown(status); }
                    : is_redirection,
       .hear = options_.on_response});
}

void Exporter::hear_rates(std::string_view body) {
  if (!options_.on_rate || body.find("rate_by_service") == body.npos) return;
  options_.on_rate({}, 0);
  parse_rates(
      body,
      [](void* self, std::string_view key, double rate) {
        if (!key.empty()) static_cast<Exporter*>(self)->options_.on_rate(key, rate);
      },
      this);
  options_.on_rate({}, -1);
}

void Exporter::end_request(Courier::End end) {
  tell_health(end);
  if (end != Courier::End::kNot && end != Courier::End::kTaken && options_.on_failed)
    options_.on_failed(courier_.status());
  switch (end) {
    case Courier::End::kNot:
      return;
    case Courier::End::kTaken:
      forget_spilled();
      next_probe_ns_ = 0;
      sent_.add(payload_volume_.traces, payload_volume_.spans);
      bytes_sent_.fetch_add(payload_.size(), std::memory_order_relaxed);
      if (options_.on_sent) options_.on_sent(payload_.size());
      hear_rates(courier_.response().body);
      payload_volume_ = {};
      payload_.truncate(0);
      complained_.clear();
      return;
    case Courier::End::kUnanswered:
      gave_up_ = true;
      if (!spilled_.file.empty()) {
        (void)spill_payload();  // may arrive twice; lost it would be once
        return;
      }
      return discard_payload(Drop::kUnanswered);
    case Courier::End::kGivenUp:
      gave_up_ = true;
      return;  // end() counts it
    case Courier::End::kFailed:
      break;
  }
  if (is_unknown(courier_.status()) && payload_path_ == "/v0.5/traces") {
    // What is encoded cannot be turned into v0.4; only what comes from now on is.
    discard_payload(Drop::kRejected);
    switch_to_v04();
    if (Worker::get().closing()) complain();  // there is no second chance
    return;
  }
  if (Worker::get().closing()) gave_up_ = true;
  if (!is_refusal(courier_.status()) && spill_payload()) return;
  if (options_.shows_lost) show_lost(payload_.view());
  discard_payload(Drop::kUnsent);
  complain();
}

void Exporter::discard_payload(Drop why) {
  forget_spilled();
  dropped(why).add(payload_volume_.traces, payload_volume_.spans);
  payload_volume_ = {};
  payload_.truncate(0);
}

// For whoever debugs, and tests: each trace has gone somewhere.
void Exporter::tell_balance() const {
  if (!base::log_wants(base::LogLevel::kDebug)) return;
  constexpr const char* kNames[] = {"queue full", "buffer full", "too large", "unsent",
                                    "spilled",    "unanswered",  "rejected",  "closed",
                                    "unsampled",  "filtered"};
  static_assert(std::size(kNames) == static_cast<std::size_t>(Drop::kCount));
  const Stats now = stats();
  std::string line = "traces: " + std::to_string(now.accepted.traces) + " accepted, " +
                     std::to_string(now.sent.traces) + " sent";
  for (std::size_t i = 0; i < std::size(kNames); ++i)
    if (const std::uint64_t count = now.dropped[i].traces)
      line += ", " + std::to_string(count) + " " + kNames[i];
  base::log(base::LogLevel::kDebug, line);
}

namespace {

std::string without_password(std::string url) {
  const std::size_t scheme = url.find("://");
  if (scheme == url.npos) return url;
  const std::size_t begin = scheme + 3, end = std::min(url.find('/', begin), url.size());
  const std::size_t at = url.substr(0, end).rfind('@');
  if (at != url.npos && at >= begin) url.erase(begin, at + 1 - begin);
  return url;
}

}  // namespace

// One line for each outage and family of processes, once something is lost by it.
void Exporter::complain() {
  if (complained_.set()) return;
  const Stats now = stats();
  const std::uint64_t lost = now.dropped_in_all().traces -
                             now.dropped[static_cast<int>(Drop::kUnsampled)].traces -
                             now.dropped[static_cast<int>(Drop::kFiltered)].traces;
  const std::string problem = courier_.problem().substr(0, 40);
  const std::string line = "no trace agent at " + without_password(options_.url).substr(0, 60) +
                           " (" + (problem.empty() ? "never asked" : problem) +
                           "): " + std::to_string(lost) +
                           " traces dropped; DD_TRACE_ENABLED=false turns tracing off";
  base::log(base::LogLevel::kWarning, line);
}

bool Exporter::flush(std::int64_t timeout_ns) { return wait_for_flush(timeout_ns, false); }
bool Exporter::flush_suddenly(std::int64_t timeout_ns) { return wait_for_flush(timeout_ns, true); }

bool Exporter::wait_for_flush(std::int64_t timeout_ns, bool suddenly) {
  constexpr std::int64_t kSliceNs = 20'000'000;
  constexpr std::int64_t kStarvedNs = 1'000'000'000;  // the worker got no processor
  Worker& worker = Worker::get();
  if (!worker.running()) return !queued_bytes_.load();
  const std::int64_t begin = base::monotonic_ns(), until = begin + timeout_ns;
  const std::int64_t late_before = worker.late_ns();
  const std::uint64_t turns_before = worker.turns();
  std::int64_t heard = begin;  // by the worker
  const std::uint32_t mine = flush_wanted_.fetch_add(1) + 1;
  worker.wake();
  for (;;) {
    const std::uint32_t done = flush_done_.load();
    if (static_cast<std::int32_t>(done - mine) >= 0)
      return flush_clean_.load(std::memory_order_relaxed);
    const std::int64_t now = base::monotonic_ns(), left = until - now;
    if (worker.turns() == turns_before) heard = now;
    const std::int64_t hopeless_at =
        std::min(heard + Worker::kHopelessNs + worker.late_ns() - late_before, begin + kStarvedNs);
    const bool stuck = suddenly && now >= std::max(hopeless_at, courier_.patient_until_ns());
    if (left <= 0 || stuck || !worker.running()) return false;
    futex_wait(flush_done_, done, suddenly ? std::min(left, kSliceNs) : left);
  }
}

Stats Exporter::stats() const {
  Stats out;
  out.sent = sent_.read();
  for (int i = 0; i < static_cast<int>(Drop::kCount); ++i) out.dropped[i] = dropped_[i].read();
  out.requests = courier_.attempts_in_all();
  out.failures = courier_.failures_in_all();
  out.bytes_sent = bytes_sent_.load(std::memory_order_relaxed);
  out.accepted = accepted_.read();
  const Volume gone = out.dropped_in_all();
  out.pending = {out.accepted.traces - out.sent.traces - gone.traces,
                 out.accepted.spans - out.sent.spans - gone.spans};
  return out;
}

void Exporter::forked(bool whole) {
  trace::Delivery* at = head_.exchange(nullptr, std::memory_order_acquire);
  courier_.forked(whole);
  if (options_.health) options_.health->forked(whole);
  if (options_.spill) options_.spill->forked(whole);
  if (options_.estate) options_.estate->forked();
  spilled_volume_ = {};
  next_probe_ns_ = 0;
  told_attempts_ = told_overflow_ = 0;
  if (whole) {
    // Untouched pages stay shared with the parent.
    if (encoder_->chunks()) encoder_->clear();
    payload_.truncate(0);
    spilled_ = {};
    while (at) trace::Delivery::drop(std::exchange(at, at->next));
  } else {
    (void)encoder_.release();
    new (&payload_) encoding::Buffer;
    new (&payload_path_) std::string;
    new (&compressed_) std::string;
    new (&spilled_) Spill::Payload;
    new (&request_headers_) Headers;
    encoder_ = make_encoder();
  }
  queued_bytes_.store(0);
  armed_.store(false);
  closed_.store(false);
  flush_wanted_.store(0);
  flush_done_.store(0);
  accepted_.reset();
  sent_.reset();
  for (Counter& counter : dropped_) counter.reset();
  bytes_sent_.store(0);
  payload_volume_ = accepted_before_ = dropped_before_ = {};
  deadline_ns_ = look_ns_ = 0;
  gave_up_ = false;
}

}  // namespace dd::transport
