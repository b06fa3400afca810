#include "core/stats/concentrator.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "core/base/clock.h"
#include "core/base/fork.h"
#include "core/encoding/buffer.h"
#include "core/encoding/msgpack.h"
#include "core/encoding/utf8.h"
#include "core/trace/tags.h"

namespace dd::stats {
namespace {


using trace::Span;
namespace tags = trace::tags;
using namespace encoding::msgpack;

constexpr std::string_view kTooMany = "tracer_blocked_value";
constexpr std::size_t kMaxGroups = 7000, kMaxResources = 1024, kMaxEndpoints = 512,
                      kMaxPeerSets = 512, kMaxAdditional = 100;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

// Cut at a character, valid UTF-8.
std::string cut(std::string_view text, std::size_t most) {
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
  for (const std::string_view name : {"rpc.grpc.status_code", "grpc.code", "rpc.grpc.status.code",
                                      "grpc.status.code"}) {
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

struct Concentrator::Key {
  std::string service, name, resource, type, kind, method, endpoint, source, grpc;
  std::int64_t status = 0;
  bool synthetics = false, root = false;
  std::vector<std::string> peers, additional;

  std::string bytes() const {
    std::string out;
    for (const std::string* part :
         {&service, &name, &resource, &type, &kind, &method, &endpoint, &source, &grpc})
      out.append(*part).push_back('\0');
    out += std::to_string(status);
    out += static_cast<char>('0' + synthetics * 2 + root);
    for (const auto* list : {&peers, &additional}) {
      for (const std::string& one : *list) out.append(one).push_back('\0');
      out += '\1';
    }
    return out;
  }
};

struct Concentrator::Group {
  Key key;
  std::uint64_t hits = 0, errors = 0, duration = 0, top_level = 0;
  Sketch good, bad;
};

struct Concentrator::Bucket {
  std::unordered_map<std::string, Group> groups;
  std::set<std::string, std::less<>> resources, endpoints, peers, additional;

  // The value, or the one for all that are too many.
  static void limit(std::set<std::string, std::less<>>& known, std::string& value,
                    std::size_t most) {
    if (value.empty() || known.contains(value)) return;
    if (known.size() < most)
      known.insert(value);
    else
      value = kTooMany;
  }
  static void limit(std::set<std::string, std::less<>>& known, std::vector<std::string>& values,
                    std::size_t most) {
    std::string joined;
    for (const std::string& value : values) joined.append(value).push_back('\0');
    limit(known, joined, most);
    if (joined == kTooMany)
      for (std::string& value : values)
        value = value.substr(0, value.find(':')) + ":" + std::string(kTooMany);
  }
};

Concentrator::Concentrator() : fork_generation_(base::fork_generation()) {}
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
  const std::string asked = lower(kind);
  if (rules_.span_kinds.empty())
    return asked == "client" || asked == "server" || asked == "producer" || asked == "consumer";
  return std::find(rules_.span_kinds.begin(), rules_.span_kinds.end(), asked) !=
         rules_.span_kinds.end();
}

Concentrator::Bucket& Concentrator::bucket_of(std::int64_t end_ns) {
  std::int64_t start = end_ns - end_ns % kBucketNs;
  if (start < oldest_ns_) start = oldest_ns_;
  auto& bucket = buckets_[start];
  if (!bucket) bucket = std::make_unique<Bucket>();
  return *bucket;
}

void Concentrator::add(const trace::Delivery& delivery) {
  if (fork_generation_ != base::fork_generation()) {
    fork_generation_ = base::fork_generation();
    buckets_.clear();
    oldest_ns_ = 0;
  }
  for (std::uint32_t i = 0; i < delivery.count; ++i)
    if (counts(*delivery.spans[i])) add_span(*delivery.spans[i], delivery);
}

void Concentrator::add_span(const Span& span, const trace::Delivery& delivery) {
  constexpr std::size_t kMaxField = 100, kMaxValue = 200;
  const std::int64_t duration = std::max<std::int64_t>(span.duration_ns, 0);
  Bucket& bucket = bucket_of(std::max<std::int64_t>(span.start_ns, 0) + duration);
  Key key;
  key.service = cut(span.service.view(), kMaxField);
  key.name = cut(span.name.view(), kMaxField);
  key.resource = cut(span.resource.view(), rules_.big_resource ? 15'000 : 5'000);
  key.type = cut(span.type.view(), kMaxField);
  key.kind = cut(span.text(tags::kSpanKind), kMaxField);
  key.method = cut(span.text(tags::kHttpMethod), kMaxField);
  const std::string_view endpoint = span.text(tags::kHttpEndpoint);
  key.endpoint = cut(endpoint.empty() ? span.text(tags::kHttpRoute) : endpoint, kMaxValue * 10);
  key.source = cut(span.text(tags::kServiceSource), kMaxField);
  key.grpc = grpc_of(span);
  key.status = status_of(span);
  key.synthetics = delivery.origin.size && delivery.origin.view().starts_with("synthetics");
  key.root = span.parent_id == 0;
  const std::string kind = lower(key.kind);
  if (kind == "client" || kind == "producer" || kind == "consumer") {
    for (const std::string& name : rules_.peer_tags)
      if (const std::string_view value = span.text(trace::Key(name)); !value.empty())
        key.peers.push_back(name + ":" + quantize_peer(value));
  } else if (const std::string_view value = span.text(tags::kBaseService); !value.empty()) {
    key.peers.push_back("_dd.base_service:" + std::string(value));
  }
  for (const std::string& name : rules_.additional_tags)
    if (const std::string_view value = span.text(trace::Key(name)); !value.empty())
      key.additional.push_back(name + ":" +
                               std::string(value.size() > kMaxValue ? kTooMany : value));
  Bucket::limit(bucket.resources, key.resource, kMaxResources);
  Bucket::limit(bucket.endpoints, key.endpoint, kMaxEndpoints);
  if (!key.peers.empty()) Bucket::limit(bucket.peers, key.peers, kMaxPeerSets);
  if (!key.additional.empty()) Bucket::limit(bucket.additional, key.additional, kMaxAdditional);

  std::string bytes = key.bytes();
  if (bucket.groups.size() >= kMaxGroups && !bucket.groups.contains(bytes)) {
    key = {.service = std::string(kTooMany), .name = std::string(kTooMany),
           .resource = std::string(kTooMany)};
    bytes = key.bytes();
  }
  Group& group = bucket.groups[std::move(bytes)];
  if (group.hits == 0) group.key = std::move(key);
  double top = 0;
  ++group.hits;
  group.errors += span.error != 0;
  group.duration += static_cast<std::uint64_t>(duration);
  group.top_level += span.has(trace::kTopLevel) ||
                     (span.number(tags::kTopLevelTag, top) && top == 1);
  (span.error ? group.bad : group.good).add(static_cast<double>(duration));
}

void Concentrator::screen(trace::Delivery& delivery) {
  if (!delivery.priority || *delivery.priority > 0) return;
  kept_.clear();
  for (std::uint32_t i = 0; i < delivery.count; ++i) {
    Span* const span = delivery.spans[i];
    if (span->error == 1) return;  // a trace with an error is sent whole
    double mechanism = 0;
    if ((span->number(tags::kSpanSamplingMechanism, mechanism) && mechanism == 8) ||
        span->has(trace::Key("_dd1.sr.eausr")))
      kept_.push_back(span);
  }
  delivery.spans = kept_.data();
  delivery.count = static_cast<std::uint32_t>(kept_.size());
}

std::string Concentrator::flush(std::int64_t now_ns, bool all, const trace::ProcessFacts& facts) {
  constexpr std::int64_t kKept = 2;  // the newest buckets may still grow
  const std::int64_t now_start = now_ns - now_ns % kBucketNs;
  oldest_ns_ = all ? now_start : now_start - (kKept - 1) * kBucketNs;
  std::vector<std::pair<std::int64_t, std::unique_ptr<Bucket>>> over;
  for (auto at = buckets_.begin(); at != buckets_.end();) {
    if (!all && at->first > now_ns - kKept * kBucketNs) break;
    over.emplace_back(at->first, std::move(at->second));
    at = buckets_.erase(at);
  }
  if (over.empty() || fork_generation_ != base::fork_generation()) return {};

  Payload out;
  out.map(16);
  out.text("Hostname", facts.hostname);
  out.text("Env", facts.env.empty() ? "unknown-env" : facts.env);
  out.text("Version", facts.version);
  out.key("Stats");
  out.array(over.size());
  for (const auto& [start, bucket] : over) {
    out.map(4);
    out.number("Start", static_cast<std::uint64_t>(start));
    out.number("Duration", kBucketNs);
    out.key("Stats");
    out.array(bucket->groups.size());
    for (const auto& [bytes, group] : bucket->groups) {
      const Key& key = group.key;
      std::string good, bad;
      group.good.append_protobuf(good);
      group.bad.append_protobuf(bad);
      out.map(22);
      out.text("Service", key.service);
      out.text("Name", key.name);
      out.text("Resource", key.resource);
      out.number("HTTPStatusCode", static_cast<std::uint64_t>(std::clamp<std::int64_t>(
                                       key.status, 0, UINT32_MAX)));
      out.text("Type", key.type);
      out.text("DBType", "");
      out.number("Hits", group.hits);
      out.number("Errors", group.errors);
      out.number("Duration", group.duration);
      out.bytes("OkSummary", good);
      out.bytes("ErrorSummary", bad);
      out.flag("Synthetics", key.synthetics);
      out.number("TopLevelHits", group.top_level);
      out.text("SpanKind", key.kind);
      out.list("PeerTags", key.peers);
      out.number("IsTraceRoot", key.root ? 1 : 2);
      out.text("GRPCStatusCode", key.grpc);
      out.text("HTTPMethod", key.method);
      out.text("HTTPEndpoint", key.endpoint);
      out.text("srv_src", key.source);
      out.list("SpanDerivedPrimaryTags", {});
      out.list("AdditionalMetricTags", key.additional);
    }
    out.number("AgentTimeShift", 0);
  }
  out.text("Lang", "");
  out.text("TracerVersion", "");
  out.text("RuntimeID", facts.runtime_id);
  out.number("Sequence", 0);
  out.text("AgentAggregation", "");
  out.text("Service", facts.service);
  out.text("ContainerID", "");
  out.list("Tags", {});
  out.text("GitCommitSha", "");
  out.text("ImageTag", "");
  out.number("ProcessTagsHash", 0);
  out.text("ProcessTags", facts.process_tags);
  return out.take();
}

std::string quantize_peer(std::string_view value) {
  constexpr std::string_view kBlocked = "blocked-ip-address";
  const std::string text(value.substr(0, 2000));
  const auto is_address = [](const std::string& host) {
    unsigned char parsed[16];
    return inet_pton(AF_INET, host.c_str(), parsed) == 1 ||
           inet_pton(AF_INET6, host.c_str(), parsed) == 1;
  };
  if (text == "127.0.0.1" || text == "::1" || text == "169.254.169.254" ||
      text == "fd00:ec2::254" || text == "169.254.170.2")
    return text;
  if (is_address(text)) return std::string(kBlocked);
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos) return text;
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  return is_address(host) ? std::string(kBlocked) + text.substr(colon) : text;
}

std::string grpc_status(std::string_view value) {
  constexpr std::string_view kNames[] = {
      "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
      "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
      "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
      "UNAUTHENTICATED"};
  if (value.starts_with("StatusCode.")) value.remove_prefix(11);
  std::string upper(value);
  for (char& c : upper)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  if (upper == "CANCELED") upper = "CANCELLED";
  const auto* const at = std::find(std::begin(kNames), std::end(kNames), upper);
  if (at != std::end(kNames)) return std::to_string(at - std::begin(kNames));
  const bool digits = !value.empty() && value.size() <= 3 &&
                      std::all_of(value.begin(), value.end(),
                                  [](char c) { return c >= '0' && c <= '9'; });
  return digits ? std::string(value) : std::string();
}

}  // namespace dd::stats
