// Figures about ourselves: counts, gauges and distributions, by namespace, name and tags. Each
// interval of ten seconds is a point of its own; distributions are sketches of all intervals.
// One thread. Source: telemetry.md, WIRE.md section 5.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/json/json.h"
#include "core/stats/sketch.h"

namespace dd::telemetry {

enum class MetricKind : std::uint8_t { kCount, kGauge, kRate, kDistribution };

class Metrics {
 public:
  // What is not finite, and what no sketch can hold, is left out.
  void add(MetricKind kind, std::string name_space, std::string metric, std::string tags,
           double value);
  void close_interval(std::int64_t now_s);
  bool has_series() const;
  bool has_sketches() const { return !sketches_.empty(); }
  // The arrays "series" of both messages; what is written is forgotten.
  void write_series(json::Writer& out, std::int64_t interval_s);
  void write_sketches(json::Writer& out, std::int64_t interval_s);

 private:
  using Key = std::tuple<std::string, std::string, std::string, MetricKind>;
  struct Series {
    double now = 0;
    bool touched = false;
    std::vector<std::pair<std::int64_t, double>> points;
  };
  std::map<Key, Series> series_;
  std::map<Key, stats::Sketch> sketches_;
};

}  // namespace dd::telemetry
