#include "core/telemetry/metrics.h"

#include <cmath>
#include <string_view>

#include "core/base/base64.h"
#include "core/config/parse.h"
#include "core/config/setting.h"

namespace dd::telemetry {
namespace {

constexpr std::size_t kMaxSeries = 2000;
constexpr std::string_view kKindNames[] = {"count", "gauge", "rate", "distribution"};

void write_name(json::Writer& out, std::string_view name_space, std::string_view metric) {
  out.open_object().field("namespace", name_space).field("metric", metric);
}

void write_tags(json::Writer& out, std::string_view tags) {
  out.key("tags").open_array();
  for (const std::string& tag : config::parse_list(tags)) out.value(tag);
  out.close();
}

}  // namespace

void Metrics::add(MetricKind kind, std::string name_space, std::string metric, std::string tags,
                  double value) {
  if (!std::isfinite(value) || (value < 0 && kind == MetricKind::kDistribution)) return;
  Key key(std::move(name_space), std::move(metric), std::move(tags), kind);
  if (kind == MetricKind::kDistribution) {
    if (sketches_.size() < kMaxSeries || sketches_.contains(key)) sketches_[key].add(value);
    return;
  }
  if (series_.size() >= kMaxSeries && !series_.contains(key)) return;
  Series& series = series_[std::move(key)];
  series.now = kind == MetricKind::kGauge ? value : series.now + value;
  series.touched = true;
}

void Metrics::close_interval(std::int64_t now_s) {
  for (auto& [key, series] : series_) {
    if (!std::exchange(series.touched, false)) continue;
    series.points.emplace_back(now_s, std::exchange(series.now, 0));
  }
}

bool Metrics::has_series() const {
  for (const auto& [key, series] : series_)
    if (!series.points.empty()) return true;
  return false;
}

void Metrics::write_series(json::Writer& out, std::int64_t interval_s) {
  out.key("series").open_array();
  for (auto at = series_.begin(); at != series_.end();) {
    const auto& [name_space, metric, tags, kind] = at->first;
    Series& series = at->second;
    if (!series.points.empty()) {
      write_name(out, name_space, metric);
      out.key("points").open_array();
      for (const auto& [when, value] : series.points) {
        out.open_array().value(when);
        out.raw(config::show(value)).close();
      }
      out.close();
      write_tags(out, tags);
      out.field("common", true).field("type", kKindNames[static_cast<int>(kind)]);
      out.field("interval", interval_s).close();
      series.points.clear();
    }
    at = series.touched ? std::next(at) : series_.erase(at);
  }
  out.close();
}

void Metrics::write_sketches(json::Writer& out, std::int64_t interval_s) {
  out.key("series").open_array();
  for (const auto& [key, sketch] : sketches_) {
    const auto& [name_space, metric, tags, kind] = key;
    std::string bytes;
    sketch.append_protobuf(bytes);
    write_name(out, name_space, metric);
    write_tags(out, tags);
    out.field("sketch_b64", base::to_base64(bytes)).field("common", true);
    out.field("interval", interval_s).field("type", "distribution").close();
  }
  out.close();
  sketches_.clear();
}

}  // namespace dd::telemetry
