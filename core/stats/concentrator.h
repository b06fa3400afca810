// Statistics of spans, computed here so that the agent need not see the traces that are dropped.
//
//   add()    for each delivery, before it is encoded: hits, errors and durations of its top-level,
//            measured and client/server spans, by service, resource and so on, in buckets of 10 s
//   screen() shortens the delivery to what must be sent all the same
//   flush()  the buckets that are over, as the body of POST /v0.6/stats
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
#include <vector>

#include "core/stats/sketch.h"
#include "core/trace/segment.h"
#include "core/trace/tracer.h"

namespace dd::stats {

// What the agent said, and the settings.
struct Rules {
  std::vector<std::string> peer_tags;
  std::vector<std::string> span_kinds;  // lower case; empty: client, server, producer, consumer
  std::vector<std::string> additional_tags;  // at most four
  bool big_resource = false;
};

class Concentrator {
 public:
  Concentrator();
  ~Concentrator();
  void set_rules(Rules rules) { rules_ = std::move(rules); }

  void add(const trace::Delivery& delivery);
  // Replaces the list of the delivery when some of it need not be sent; valid until the next call.
  void screen(trace::Delivery& delivery);
  // The body of a request, or empty when no bucket is over. `all`: also those that are not.
  std::string flush(std::int64_t now_ns, bool all, const trace::ProcessFacts& facts);

  static constexpr std::int64_t kBucketNs = 10'000'000'000;

 private:
  struct Key;
  struct Group;
  struct Bucket;
  Bucket& bucket_of(std::int64_t end_ns);
  void add_span(const trace::Span& span, const trace::Delivery& delivery);
  bool counts(const trace::Span& span) const;

  Rules rules_;
  std::map<std::int64_t, std::unique_ptr<Bucket>> buckets_;  // by start
  std::int64_t oldest_ns_ = 0;
  std::uint64_t fork_generation_;
  std::vector<trace::Span*> kept_;
};

// "10.0.0.1" and the like become "blocked-ip-address": addresses are too many to count by.
std::string quantize_peer(std::string_view value);
// Name or number of a gRPC status as a number: "OK", "StatusCode.OK" and "0" are "0". Empty when
// unknown.
std::string grpc_status(std::string_view value);

}  // namespace dd::stats
