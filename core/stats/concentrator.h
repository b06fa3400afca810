// Statistics of spans, computed here so that the agent need not see the traces that are dropped.
//
//   add()    for each delivery, before it is encoded: hits, errors and durations of its top-level,
//            measured and client/server spans, by service, resource and so on, in buckets of 10 s
//   screen() shortens the delivery to what must be sent all the same
//   flush()  the buckets that are over, as bodies of POST /v0.6/stats
//
// One thread at a time (the worker). A forked child starts empty.
// Source: WRITER.md section 6, WIRE.md section 3.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/stats/bucket.h"
#include "core/trace/segment.h"
#include "core/trace/tracer.h"

namespace dd::stats {

// What the agent said, and the settings.
struct Rules {
  std::vector<std::string> peer_tags;
  std::vector<std::string> span_kinds;  // lower case; empty: client, server, producer, consumer
  std::vector<std::string> additional_tags;  // at most four
  bool big_resource = false;
  bool obfuscate = false;  // resources of queries without their values
  // Of each bucket; what is more becomes one.
  std::size_t max_groups = 7000, max_resources = 1024, max_endpoints = 512, max_peers = 512,
              max_additional = 100;
};

// What others than the agent want to know besides: the intake, or a collector of OpenTelemetry.
struct Sender {
  std::string hostname, tracer_version;
  bool collector = false;
};

struct StatsPayload {
  std::string body;
  bool obfuscated = false;  // what the agent need not do again
};

// Leaves in the delivery what must be sent although its trace is not to be kept: all of it when a
// span has failed, single spans that a rule kept. `room` holds the list then.
void leave_what_must_be_sent(trace::Delivery& delivery, std::vector<trace::Span*>& room);

class Concentrator {
 public:
  static constexpr std::int64_t kBucketNs = 10'000'000'000;
  // What ended before `now_ns` counts in its bucket.
  explicit Concentrator(std::int64_t now_ns = 0, std::int64_t bucket_ns = kBucketNs);
  ~Concentrator();
  void set_rules(Rules rules) { rules_ = std::move(rules); }

  void add(const trace::Delivery& delivery);
  // Replaces the list of the delivery when some of it need not be sent; valid until the next call.
  void screen(trace::Delivery& delivery) { leave_what_must_be_sent(delivery, kept_); }
  // The bodies of requests. `all`: also of the buckets that are not over.
  // `sender`: they are for the intake, POST /api/v0.2/stats, or the collector, POST /v1/metrics.
  std::vector<StatsPayload> flush(std::int64_t now_ns, bool all, const trace::ProcessFacts& facts,
                                  const Sender* sender = nullptr);

 private:
  Bucket& bucket_of(std::int64_t end_ns);
  void add_span(const trace::Span& span, const trace::Delivery& delivery);
  bool counts(const trace::Span& span) const;
  std::string resource_of(const trace::Span& span) const;
  static void add_peer(Key& key, const trace::Span& span, std::string_view name);
  std::string payload_of(const Over& over, const trace::ProcessFacts& facts,
                         const Sender* sender) const;

  const std::int64_t bucket_ns_;
  Rules rules_;
  std::map<std::pair<std::int64_t, bool>, std::unique_ptr<Bucket>> buckets_;  // start, obfuscated
  std::int64_t oldest_ns_;
  std::uint64_t fork_generation_;
  std::vector<trace::Span*> kept_;
};

}  // namespace dd::stats
