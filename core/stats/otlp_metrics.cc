#include "core/stats/otlp_metrics.h"

#include <array>
#include <iterator>

#include "core/json/json.h"
#include "core/stats/quantize.h"

namespace dd::stats {
namespace {

constexpr double kNsPerSecond = 1e9;
constexpr std::array kBounds = {0.002, 0.004, 0.006, 0.008, 0.01, 0.05, 0.1,  0.2,
                                0.4,   0.8,   1.0,   1.4,   2.0,  5.0,  10.0, 15.0};
constexpr int kDelta = 1;  // each histogram is of its own time only

class Attributes {
 public:
  explicit Attributes(json::Writer& out) : out_(out) { out_.key("attributes").open_array(); }
  ~Attributes() { out_.close(); }
  Attributes(const Attributes&) = delete;

  void always(std::string_view key, std::string_view text) {
    begin(key).field("stringValue", text);
    end();
  }
  void text(std::string_view key, std::string_view text) {
    if (!text.empty()) always(key, text);
  }
  void flag(std::string_view key, bool value) {
    begin(key).field("boolValue", value);
    end();
  }
  void number(std::string_view key, std::int64_t value) {
    begin(key).field("intValue", std::to_string(value));
    end();
  }
  void list(std::string_view key, const std::vector<std::string>& texts) {
    if (texts.empty()) return;
    begin(key).key("arrayValue").open_object().key("values").open_array();
    for (const std::string& one : texts) out_.open_object().field("stringValue", one).close();
    out_.close().close();
    end();
  }

 private:
  json::Writer& begin(std::string_view key) {
    return out_.open_object().field("key", key).key("value").open_object();
  }
  void end() { out_.close().close(); }
  json::Writer& out_;
};

void write_resource(json::Writer& out, const trace::ProcessFacts& facts,
                    std::string_view tracer_version) {
  std::vector<std::string> process, own;
  for (std::string_view left = facts.process_tags; !left.empty();) {
    const std::size_t comma = std::min(left.find(','), left.size());
    process.emplace_back(left.substr(0, comma));
    left.remove_prefix(std::min(comma + 1, left.size()));
  }
  for (const auto& [key, value] : facts.tags)
    if (key != "runtime_id") own.push_back(key + ":" + value);
  out.key("resource").open_object();
  {
    Attributes all(out);
    all.text("service.name", facts.service);
    all.text("service.version", facts.version);
    all.text("deployment.environment.name", facts.env);
    all.text("telemetry.sdk.name", "datadog");
    all.text("telemetry.sdk.language", "python");
    all.text("telemetry.sdk.version", tracer_version);
    all.text("datadog.runtime_id", facts.runtime_id);
    all.list("datadog.process_tags", process);
    all.list("datadog.tracer_tags", own);
  }
  out.close();
}

std::string kind_of(std::string_view kind) {
  std::string upper(kind);
  for (char& c : upper)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  for (const char* known : {"SERVER", "CLIENT", "PRODUCER", "CONSUMER"})
    if (upper == known) return "SPAN_KIND_" + upper;
  return "SPAN_KIND_INTERNAL";
}

void write_attributes(json::Writer& out, const Group& group, bool failed,
                      const trace::ProcessFacts& facts) {
  const Key& key = group.key;
  Attributes all(out);
  all.always("service.name", key.service.empty() ? facts.service : key.service);
  all.always("status.code", failed ? "STATUS_CODE_ERROR" : "STATUS_CODE_OK");
  all.always("span.kind", kind_of(key.kind));
  all.always("span.name", key.resource);
  all.text("http.request.method", key.method);
  all.text("http.route", key.endpoint);
  if (key.status != 0) all.number("http.response.status_code", key.status);
  all.text("rpc.response.status_code", grpc_name(key.grpc));
  all.always("datadog.operation.name", key.name);
  all.text("datadog.span.type", key.type);
  all.text("datadog.svc_src", key.source);
  if (key.synthetics) all.always("datadog.origin", "synthetics");
  if (key.root != Key::Root::kUnknown)
    all.flag("datadog.is_trace_root", key.root == Key::Root::kYes);
  all.flag("datadog.span.top_level", group.top_level != 0);
  all.list("datadog.peer_tags", key.peers);
  for (const std::string& tag : key.additional) {
    const std::size_t colon = std::min(tag.find(':'), tag.size());
    all.always(std::string_view(tag).substr(0, colon),
               std::string_view(tag).substr(std::min(colon + 1, tag.size())));
  }
}

void write_point(json::Writer& out, const Group& group, bool failed, std::int64_t start_ns,
                 std::int64_t bucket_ns, const trace::ProcessFacts& facts) {
  const Durations& durations = failed ? group.bad : group.good;
  if (durations.count == 0) return;
  std::array<std::uint64_t, kBounds.size() + 1> counts{};
  // What is in a bin of the sketch counts as its middle.
  durations.sketch.each_bin([&](double middle, double count) {
    const auto* const at = std::lower_bound(kBounds.begin(), kBounds.end(), middle / kNsPerSecond);
    counts[static_cast<std::size_t>(at - kBounds.begin())] += static_cast<std::uint64_t>(count);
  });
  const auto seconds = [](std::uint64_t ns) { return static_cast<double>(ns) / kNsPerSecond; };
  out.open_object();
  write_attributes(out, group, failed, facts);
  out.field("startTimeUnixNano", std::to_string(start_ns));
  out.field("timeUnixNano", std::to_string(start_ns + bucket_ns));
  out.field("count", std::to_string(durations.count));
  out.field("sum", seconds(durations.sum));
  out.key("bucketCounts").open_array();
  for (const std::uint64_t count : counts) out.value(std::to_string(count));
  out.close().key("explicitBounds").open_array();
  for (const double bound : kBounds) out.value(bound);
  out.close().field("min", seconds(durations.least)).field("max", seconds(durations.most));
  out.close();
}

}  // namespace

std::string otlp_metrics(const Over& over, std::int64_t bucket_ns, const trace::ProcessFacts& facts,
                         std::string_view tracer_version) {
  json::Writer out;
  out.open_object().key("resourceMetrics").open_array().open_object();
  write_resource(out, facts, tracer_version);
  out.key("scopeMetrics").open_array().open_object().key("metrics").open_array().open_object();
  out.field("name", "traces.span.sdk.metrics.duration").field("unit", "s");
  out.key("histogram").open_object().field("aggregationTemporality", kDelta);
  out.key("dataPoints").open_array();
  for (const auto& [start, bucket] : over)
    for (const auto& [bytes, group] : bucket->groups)
      for (const bool failed : {false, true})
        write_point(out, group, failed, start, bucket_ns, facts);
  for (int open = 0; open < 9; ++open) out.close();
  return out.take();
}

}  // namespace dd::stats
