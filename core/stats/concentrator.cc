#include "core/stats/concentrator.h"

#include <algorithm>
#include <charconv>

#include "core/base/ascii.h"
#include "core/base/clock.h"
#include "core/base/fork.h"
#include "core/encoding/buffer.h"
#include "core/encoding/msgpack.h"
#include "core/encoding/utf8.h"
#include "core/stats/bucket.h"
#include "core/stats/otlp_metrics.h"
#include "core/stats/quantize.h"
#include "core/stats/sql.h"
#include "core/stats/tags.h"
#include "core/trace/end.h"
#include "core/trace/tags.h"

namespace dd::stats {
namespace {

using trace::Span;
namespace tags = trace::tags;
using namespace encoding::msgpack;

// Cut at a character, valid UTF-8.
std::string cut(std::string_view text, std::size_t most = std::string::npos) {
  std::string storage;
  std::string out(encoding::tidy(text, storage));
  if (out.size() <= most) return out;
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xC0) == 0x80) --end;
  out.resize(end);
  return out;
}

std::int64_t whole(std::string_view text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::int64_t status_of(const Span& span) {
  double number = 0;
  if (span.number(tags::kHttpStatusCode, number)) return static_cast<std::int64_t>(number);
  return whole(span.text(tags::kHttpStatusCode));
}

std::string grpc_of(const Span& span) {
  for (const std::string_view name :
       {"rpc.grpc.status_code", "grpc.code", "rpc.grpc.status.code", "grpc.status.code"}) {
    double number = 0;
    if (span.number(trace::Key(name), number)) return std::to_string(static_cast<int>(number));
    if (const std::string_view text = span.text(trace::Key(name)); !text.empty())
      return grpc_status(text);
  }
  return {};
}

// The form of the whole does not change with the span, so it is written without a table of names.
class Payload {
 public:
  void map(std::uint32_t size) { out_.advance_to(put_map(out_.room(kMaxHeader), size)); }
  void array(std::size_t size) {
    out_.advance_to(put_array(out_.room(kMaxHeader), static_cast<std::uint32_t>(size)));
  }
  void text(std::string_view key, std::string_view value) {
    write_text(out_, key);
    write_text(out_, value);
  }
  void number(std::string_view key, std::uint64_t value) {
    write_text(out_, key);
    out_.advance_to(put_unsigned(out_.room(9), value));
  }
  void flag(std::string_view key, bool value) {
    write_text(out_, key);
    out_.push(static_cast<char>(value ? 0xC3 : 0xC2));
  }
  void bytes(std::string_view key, std::string_view value) {
    write_text(out_, key);
    out_.advance_to(put_bytes_header(out_.room(kMaxHeader), value.size()));
    out_.append(value);
  }
  void list(std::string_view key, const std::vector<std::string>& values) {
    write_text(out_, key);
    array(values.size());
    for (const std::string& value : values) write_text(out_, value);
  }
  void key(std::string_view name) { write_text(out_, name); }
  std::string take() { return std::string(out_.view()); }

 private:
  encoding::Buffer out_;
};

}  // namespace

Concentrator::Concentrator(std::int64_t now_ns, std::int64_t bucket_ns)
    : bucket_ns_(bucket_ns),
      oldest_ns_(now_ns - now_ns % bucket_ns),
      fork_generation_(base::fork_generation()) {}
Concentrator::~Concentrator() = default;

bool Concentrator::counts(const Span& span) const {
  if (span.has(trace::Key("_dd.partial_version"))) return false;
  if (span.has(trace::kTopLevel) || span.has(trace::kMeasured)) return true;
  double number = 0;
  if ((span.number(tags::kTopLevelTag, number) && number == 1) ||
      (span.number(tags::kMeasuredTag, number) && number == 1))
    return true;
  const std::string_view kind = span.text(tags::kSpanKind);
  if (kind.empty()) return false;
  const std::string asked = base::lowered(kind);
  if (rules_.span_kinds.empty())
    return asked == "client" || asked == "server" || asked == "producer" || asked == "consumer";
  return std::find(rules_.span_kinds.begin(), rules_.span_kinds.end(), asked) !=
         rules_.span_kinds.end();
}

Bucket& Concentrator::bucket_of(std::int64_t end_ns) {
  std::int64_t start = end_ns - end_ns % bucket_ns_;
  if (start < oldest_ns_) start = oldest_ns_;
  auto& bucket = buckets_[{start, rules_.obfuscate}];
  if (!bucket) bucket = std::make_unique<Bucket>();
  return *bucket;
}

void Concentrator::add(const trace::Delivery& delivery) {
  if (fork_generation_ != base::fork_generation()) {
    fork_generation_ = base::fork_generation();
    buckets_.clear();
    if (oldest_ns_) oldest_ns_ = base::wall_ns() / bucket_ns_ * bucket_ns_;
  }
  for (std::uint32_t i = 0; i < delivery.count; ++i)
    if (counts(*delivery.spans[i])) add_span(*delivery.spans[i], delivery);
}

// Values of queries are not counted by.
std::string Concentrator::resource_of(const Span& span) const {
  const std::string_view type = span.type.view(), resource = span.resource.view();
  if (rules_.obfuscate && (type == "sql" || type == "cassandra")) return obfuscate_sql(resource);
  if (rules_.obfuscate && (type == "redis" || type == "valkey")) return quantize_redis(resource);
  return std::string(resource);
}

void Concentrator::add_peer(Key& key, const Span& span, std::string_view name) {
  std::string_view value;
  if (!text_tag(span, name, value)) return;
  std::string& out = key.peers.emplace_back(name);
  if (!value.empty()) out.append(":").append(quantize_peer(value));
}

void Concentrator::add_span(const Span& span, const trace::Delivery& delivery) {
  constexpr std::size_t kMaxField = 100, kMaxValue = 200;
  // The agent cuts what it has to obfuscate itself.
  const std::size_t most = rules_.obfuscate ? kMaxField : std::string::npos;
  const std::size_t most_resource = !rules_.obfuscate     ? std::string::npos
                                    : rules_.big_resource ? 15'000
                                                          : 5'000;
  const std::int64_t duration = std::max<std::int64_t>(span.duration_ns, 0);
  Bucket& bucket = bucket_of(trace::end_of(std::max<std::int64_t>(span.start_ns, 0), duration));
  Key key;
  key.service = cut(span.service.view(), most);
  key.name = cut(span.name.view(), most);
  key.resource = cut(resource_of(span), most_resource);
  key.type = cut(span.type.view(), most);
  key.kind = cut(span.text(tags::kSpanKind));
  key.method = cut(span.text(tags::kHttpMethod));
  const std::string_view endpoint = span.text(tags::kHttpEndpoint);
  key.endpoint = cut(endpoint.empty() ? span.text(tags::kHttpRoute) : endpoint);
  key.source = cut(span.text(tags::kServiceSource));
  key.grpc = grpc_of(span);
  key.status = status_of(span);
  key.synthetics = delivery.origin.size && delivery.origin.view().starts_with("synthetics");
  key.root = span.parent_id == 0 ? Key::Root::kYes : Key::Root::kNo;
  const std::string kind = base::lowered(key.kind);
  if (kind == "client" || kind == "producer" || kind == "consumer") {
    for (const std::string& name : rules_.peer_tags) add_peer(key, span, name);
  } else {
    add_peer(key, span, tags::kBaseService.text);
  }
  for (const std::string& name : rules_.additional_tags)
    if (const std::string_view value = span.text(trace::Key(name)); !value.empty())
      key.additional.push_back(name + ":" +
                               std::string(value.size() > kMaxValue ? kTooMany : value));
  Bucket::limit(bucket.resources, key.resource, rules_.max_resources);
  Bucket::limit(bucket.endpoints, key.endpoint, rules_.max_endpoints);
  Bucket::limit(bucket.peers, key.peers, rules_.max_peers, kTooMany);
  Bucket::limit(bucket.additional, key.additional, rules_.max_additional, kTooManyTags);

  std::string bytes = key.bytes();
  if (bucket.groups.size() >= rules_.max_groups && !bucket.groups.contains(bytes)) {
    key = Key::of_too_many();
    bytes = key.bytes();
  }
  Group& group = bucket.groups[std::move(bytes)];
  if (group.good.count + group.bad.count == 0) group.key = std::move(key);
  double top = 0;
  group.top_level +=
      span.has(trace::kTopLevel) || (span.number(tags::kTopLevelTag, top) && top == 1);
  (span.error ? group.bad : group.good).add(static_cast<std::uint64_t>(duration));
}

void leave_what_must_be_sent(trace::Delivery& delivery, std::vector<trace::Span*>& room) {
  if (!delivery.priority || *delivery.priority > 0) return;
  room.clear();
  for (std::uint32_t i = 0; i < delivery.count; ++i) {
    Span* const span = delivery.spans[i];
    if (span->error == 1) return;  // a trace with an error is sent whole
    double mechanism = 0;
    if ((span->number(tags::kSpanSamplingMechanism, mechanism) && mechanism == 8) ||
        span->has(trace::Key("_dd1.sr.eausr")))
      room.push_back(span);
  }
  delivery.spans = room.data();
  delivery.count = static_cast<std::uint32_t>(room.size());
}

std::vector<StatsPayload> Concentrator::flush(std::int64_t now_ns, bool all,
                                              const trace::ProcessFacts& facts,
                                              const Sender* sender) {
  constexpr std::int64_t kKept = 2;  // the newest buckets may still grow
  const std::int64_t now_start = now_ns - now_ns % bucket_ns_;
  oldest_ns_ = all ? now_start : now_start - (kKept - 1) * bucket_ns_;
  std::vector<StatsPayload> out;
  if (fork_generation_ != base::fork_generation()) return out;
  for (const bool obfuscated : {false, true}) {
    Over over;
    for (auto at = buckets_.begin(); at != buckets_.end();) {
      const auto [start, kind] = at->first;
      if (kind != obfuscated || (!all && start > now_ns - kKept * bucket_ns_)) {
        ++at;
        continue;
      }
      over.emplace_back(start, std::move(at->second));
      at = buckets_.erase(at);
    }
    if (!over.empty())
      out.push_back({.body = payload_of(over, facts, sender), .obfuscated = obfuscated});
  }
  return out;
}

std::string Concentrator::payload_of(const Over& over, const trace::ProcessFacts& facts,
                                     const Sender* sender) const {
  if (sender && sender->collector)
    return otlp_metrics(over, bucket_ns_, facts, sender->tracer_version);
  Payload out;
  if (sender) {
    out.map(6);
    out.text("AgentHostname", sender->hostname);
    out.text("AgentEnv", facts.env);
    out.key("Stats");
    out.array(1);
  }
  out.map(16);
  out.text("Hostname", sender ? sender->hostname : facts.hostname);
  out.text("Env", facts.env.empty() ? "unknown-env" : facts.env);
  out.text("Version", facts.version);
  out.key("Stats");
  out.array(over.size());
  for (const auto& [start, bucket] : over) {
    out.map(4);
    out.number("Start", static_cast<std::uint64_t>(start));
    out.number("Duration", bucket_ns_);
    out.key("Stats");
    out.array(bucket->groups.size());
    for (const auto& [bytes, group] : bucket->groups) {
      const Key& key = group.key;
      std::string good, bad;
      group.good.sketch.append_protobuf(good);
      group.bad.sketch.append_protobuf(bad);
      out.map(22);
      out.text("Service", key.service);
      out.text("Name", key.name);
      out.text("Resource", key.resource);
      out.number("HTTPStatusCode",
                 static_cast<std::uint64_t>(std::clamp<std::int64_t>(key.status, 0, UINT32_MAX)));
      out.text("Type", key.type);
      out.text("DBType", "");
      out.number("Hits", group.good.count + group.bad.count);
      out.number("Errors", group.bad.count);
      out.number("Duration", group.good.sum + group.bad.sum);
      out.bytes("OkSummary", good);
      out.bytes("ErrorSummary", bad);
      out.flag("Synthetics", key.synthetics);
      out.number("TopLevelHits", group.top_level);
      out.text("SpanKind", key.kind);
      out.list("PeerTags", key.peers);
      out.number("IsTraceRoot", static_cast<std::uint64_t>(key.root));
      out.text("GRPCStatusCode", key.grpc);
      out.text("HTTPMethod", key.method);
      out.text("HTTPEndpoint", key.endpoint);
      out.text("srv_src", key.source);
      out.list("SpanDerivedPrimaryTags", {});
      out.list("AdditionalMetricTags", key.additional);
    }
    out.number("AgentTimeShift", 0);
  }
  out.text("Lang", sender ? "python" : "");
  out.text("TracerVersion", sender ? std::string_view(sender->tracer_version) : "");
  out.text("RuntimeID", facts.runtime_id);
  out.number("Sequence", 0);
  out.text("AgentAggregation", "");
  out.text("Service", facts.service);
  out.text("ContainerID", "");
  out.list("Tags", {});
  out.text("GitCommitSha", facts.git_commit);
  out.text("ImageTag", "");
  out.number("ProcessTagsHash", 0);
  out.text("ProcessTags", facts.process_tags);
  if (sender) {
    out.text("AgentVersion", sender->tracer_version + "-python");
    out.flag("ClientComputed", true);
    out.flag("SplitPayload", false);
  }
  return out.take();
}

}  // namespace dd::stats
