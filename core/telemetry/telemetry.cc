#include "core/telemetry/telemetry.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "core/base/clock.h"
#include "core/config/core_settings.h"
#include "core/config/parse.h"
#include "core/propagation/tally.h"
#include "core/telemetry/dependencies.h"
#include "core/telemetry/metrics.h"
#include "core/telemetry/report.h"
#include "core/trace/segment.h"
#include "core/trace/span.h"
#include "core/trace/tags.h"
#include "core/trace/tracer.h"
#include "core/transport/agent.h"
#include "core/transport/agent_sink.h"
#include "core/transport/destination.h"
#include "core/transport/exporter.h"
#include "core/transport/worker.h"

namespace dd::telemetry {
namespace {

constinit config::Setting<bool> telemetry_enabled({.env = "DD_INSTRUMENTATION_TELEMETRY_ENABLED",
                                                   .fallback = "true"});
constinit config::Setting<double> heartbeat_s({.env = "DD_TELEMETRY_HEARTBEAT_INTERVAL",
                                               .fallback = "60"});
constinit config::Setting<double> extended_s({.env = "_DD_TELEMETRY_EXTENDED_HEARTBEAT_INTERVAL",
                                              .fallback = "86400"});
constinit config::Setting<bool> endpoint_collection(
    {.env = "DD_API_SECURITY_ENDPOINT_COLLECTION_ENABLED",
     .fallback = "true",
     .words = config::Words::kYes});
constinit config::Setting<bool> log_collection({.env = "DD_TELEMETRY_LOG_COLLECTION_ENABLED",
                                                .fallback = "true"});
constinit config::Setting<bool> dependency_collection(
    {.env = "DD_TELEMETRY_DEPENDENCY_COLLECTION_ENABLED", .fallback = "true"});
constinit config::TextSetting api_key({.env = "DD_API_KEY", .secret = true});
constinit config::TextSetting site({.env = "DD_SITE", .fallback = "datadoghq.com"});

config::SettingBase* const kSettings[] = {
    &telemetry_enabled, &heartbeat_s,           &extended_s, &endpoint_collection,
    &log_collection,    &dependency_collection, &api_key,    &site};

// Figures are kept for intervals of so long, or of a heartbeat if that is shorter.
constexpr std::int64_t kIntervalNs = 10'000'000'000;
constexpr std::int64_t kPauseNs = 5'000'000;
constexpr std::int64_t kNearNs = 500'000'000;

std::int64_t nanoseconds(double seconds, double otherwise) {
  return static_cast<std::int64_t>((seconds > 0 && seconds <= 1e7 ? seconds : otherwise) * 1e9);
}

// Something to say, made anywhere and told to the report on the worker.
struct Word {
  Word* next = nullptr;
  std::function<void(Report&)> tell;
};

// As the Agent's side names it.
std::string_view reason_of(transport::Drop why) {
  switch (why) {
    case transport::Drop::kUnsampled:
      return "p0_drop";
    case transport::Drop::kQueueFull:
    case transport::Drop::kBufferFull:
    case transport::Drop::kTooLarge:
      return "overfull_buffer";
    default:
      return "send_failure";
  }
}

class Sender final : public transport::Job {
 public:
  Sender(Options options, std::unique_ptr<transport::Destination> destination, std::string target)
      : options_(std::move(options)),
        target_(std::move(target)),
        heartbeat_ns_(nanoseconds(heartbeat_s.get(), 60)),
        extended_ns_(nanoseconds(extended_s.get(), 86400)),
        interval_ns_(std::min(heartbeat_ns_, kIntervalNs)),
        destination_(std::move(destination)),
        timer_(
            interval_ns_,
            [this](bool last) {
              if (!last && !ended_) tick(false);
            },
            true) {
    const trace::ProcessFacts& facts = trace::Tracer::get().facts();
    root_ = config::variable("_DD_ROOT_PY_SESSION_ID").value_or(facts.runtime_id);
    parent_ = config::variable("_DD_PARENT_PY_SESSION_ID").value_or("");
    own_ = facts.runtime_id;
    parent_.reserve(own_.size());  // they change places in a fork, and allocate nothing
    is_root_ = root_ == own_;
    transport::Worker::get().add(this);
  }
  const std::string& root() const { return root_; }

  void push(std::function<void(Report&)> tell) {
    auto* const word = new Word{nullptr, std::move(tell)};
    Word* head = head_.load(std::memory_order_relaxed);
    do word->next = head;
    while (!head_.compare_exchange_weak(head, word, std::memory_order_release,
                                        std::memory_order_relaxed));
  }
  void begin() {
    begun_.store(true, std::memory_order_relaxed);
    timer_.start();
  }

  // The end: the last word waits for the fate of the last traces, which it counts.
  void note_spans(const trace::Delivery& delivery) {
    for (std::uint32_t i = 0; i < delivery.count; ++i) {
      const std::string_view name = delivery.spans[i]->text(trace::tags::kComponent);
      if (name.empty() || name == "datadog" || delivery.spans[i]->has(trace::kByOtel)) continue;
      // Spans of one integration share its name.
      if (name.data() != last_component_.data()) {
        last_component_ = name;
        last_count_ = &finished_by_[std::string(name)];
      }
      ++*last_count_;
    }
    last_component_ = {};
  }

  bool flush(bool last, std::int64_t timeout_ns) {
    if (transport::Worker::get().closing()) return false;
    const std::int64_t until_ns = base::monotonic_ns() + timeout_ns;
    begin();
    const std::uint32_t before = flushed_.load(std::memory_order_relaxed);
    asked_.store(last ? Asked::kLast : Asked::kNow, std::memory_order_relaxed);
    transport::Worker::get().wake();
    transport::futex_wait(flushed_, before, timeout_ns);
    return flushed_.load(std::memory_order_relaxed) != before &&
           destination_->wait(until_ns - base::monotonic_ns());
  }

  std::int64_t turn(const transport::Turn& turn) override {
    if (const Asked asked = asked_.exchange(Asked::kNothing, std::memory_order_relaxed);
        asked != Asked::kNothing) {
      if (!ended_) tick(asked == Asked::kLast, true);
      ended_ |= asked == Asked::kLast;
      flushed_.fetch_add(1, std::memory_order_relaxed);
      transport::futex_wake(flushed_);
    }
    if (!turn.stopping || ended_ || !begun_.load(std::memory_order_relaxed))
      return transport::kNever;
    const transport::Exporter* const traces = transport::agent_sink::exporter();
    if (traces && traces->stats().pending.traces > 0 &&
        turn.now_ns + kPauseNs < turn.hopeless_at_ns)
      return turn.now_ns + kPauseNs;
    ended_ = true;
    tick(true);
    return transport::kNever;
  }
  bool idle() const override { return ended_ || !begun_.load(std::memory_order_relaxed); }
  void forked(bool whole) override {
    ended_ = false;
    is_root_ = false;
    started_ = true;
    next_heartbeat_ns_ = next_extended_ns_ = 0;
    sent_ = Figures();
    propagation::clear_tally();
    new (&finished_by_) std::map<std::string, std::uint64_t>;
    parent_.swap(own_);
    own_.assign(trace::Tracer::get().facts().runtime_id);
    Word* const at = head_.exchange(nullptr, std::memory_order_acquire);
    if (!whole) {
      new (&report_) Report;
      inherited_ = nullptr;
      return;
    }
    // Given back when this process has something to say: most children never do.
    if (inherited_ == nullptr) inherited_ = at;
    has_inherited_ = true;
  }

 private:
  enum class Asked : std::uint8_t { kNothing, kNow, kLast };
  struct Figures {
    std::uint64_t created = 0, finished = 0, dropped_spans = 0;
    std::uint64_t created_by_otel = 0, finished_by_otel = 0;  // among them
    std::uint64_t requests = 0, failures = 0, bytes = 0, chunks = 0;
    std::uint64_t dropped[static_cast<int>(transport::Drop::kCount)] = {};
    std::uint64_t extracted[propagation::kStyles] = {}, injected[propagation::kStyles] = {};
    std::uint64_t malformed_baggage = 0, too_many_items = 0, too_many_bytes = 0;
  };

  void drop_inherited() {
    if (!std::exchange(has_inherited_, false)) return;
    report_.clear();
    while (inherited_ != nullptr) delete std::exchange(inherited_, inherited_->next);
  }

  void listen() {
    Word* newest = head_.exchange(nullptr, std::memory_order_acquire);
    Word* oldest = nullptr;
    while (newest) {
      Word* const next = std::exchange(newest->next, oldest);
      oldest = std::exchange(newest, next);
    }
    while (oldest) {
      const std::unique_ptr<Word> word(std::exchange(oldest, oldest->next));
      word->tell(report_);
    }
  }

  static void read_tally(Figures& now) {
    const propagation::Tally& tally = propagation::tally;
    for (int i = 0; i < propagation::kStyles; ++i) {
      now.extracted[i] = tally.extracted[i].get();
      now.injected[i] = tally.injected[i].get();
    }
    now.malformed_baggage = tally.malformed_baggage.get();
    now.too_many_items = tally.too_many_items.get();
    now.too_many_bytes = tally.too_many_bytes.get();
  }

  void measure() {
    const trace::Counts counts = trace::Tracer::get().counts();
    Figures now{.created = counts.spans_created,
                .finished = counts.spans_finished,
                .dropped_spans = counts.spans_dropped_unsent,
                .created_by_otel = counts.created_by_otel,
                .finished_by_otel = counts.finished_by_otel};
    if (const transport::Exporter* exporter = transport::agent_sink::exporter()) {
      const transport::Stats stats = exporter->stats();
      now.requests = stats.requests;
      now.failures = stats.failures;
      now.bytes = stats.bytes_sent;
      now.chunks = stats.sent.traces;
      for (int i = 0; i < static_cast<int>(transport::Drop::kCount); ++i)
        now.dropped[i] = stats.dropped[i].traces;
    }
    read_tally(now);
    // `last`: the end of the tags.
    const auto add = [this](const char* metric, std::string_view tags, std::uint64_t value,
                            std::string_view last = {}) {
      if (value == 0) return;
      report_.metrics().add(MetricKind::kCount, "tracers", metric, std::string(tags).append(last),
                            static_cast<double>(value));
    };
    constexpr const char* kOurs = "src_library:libdatadog";
    std::uint64_t others = now.created_by_otel - sent_.created_by_otel;
    add("spans_created", "integration_name:datadog", now.created - sent_.created - others);
    add("spans_created", "integration_name:otel", others);
    others = now.finished_by_otel - sent_.finished_by_otel;
    add("spans_finished", "integration_name:otel", others);
    for (const auto& [name, count] : std::exchange(finished_by_, {})) {
      add("spans_finished", "integration_name:", count, name);
      others += count;
    }
    const std::uint64_t finished = now.finished - sent_.finished;
    add("spans_finished", "integration_name:datadog", finished > others ? finished - others : 0);
    add("spans_dropped", "integration_name:datadog", now.dropped_spans - sent_.dropped_spans);
    const std::uint64_t requests = now.requests - sent_.requests;
    const std::uint64_t failures = now.failures - sent_.failures;
    add("trace_api.requests", kOurs, requests);
    if (requests > failures)
      add("trace_api.responses", "status_code:200,src_library:libdatadog", requests - failures);
    add("trace_chunks_sent", kOurs, now.chunks - sent_.chunks);
    for (int i = 0; i < static_cast<int>(transport::Drop::kCount); ++i)
      add("trace_chunks_dropped",
          "src_library:libdatadog,reason:", now.dropped[i] - sent_.dropped[i],
          reason_of(static_cast<transport::Drop>(i)));
    for (int i = 0; i < propagation::kStyles; ++i) {
      const std::string_view style = style_name(static_cast<propagation::Style>(i));
      add("context_header_style.extracted", "header_style:", now.extracted[i] - sent_.extracted[i],
          style);
      add("context_header_style.injected", "header_style:", now.injected[i] - sent_.injected[i],
          style);
    }
    add("context_header_style.malformed", "header_style:baggage",
        now.malformed_baggage - sent_.malformed_baggage);
    add("context_header.truncated", "truncation_reason:baggage_item_count_exceeded",
        now.too_many_items - sent_.too_many_items);
    add("context_header.truncated", "truncation_reason:baggage_byte_count_exceeded",
        now.too_many_bytes - sent_.too_many_bytes);
    sent_ = now;
  }

  Identity identity() const {
    const trace::ProcessFacts& facts = trace::Tracer::get().facts();
    return {.service = facts.service.empty() ? "unnamed-python-service" : facts.service,
            .env = facts.env,
            .version = facts.version,
            .runtime_id = facts.runtime_id,
            .process_tags = facts.process_tags,
            .language_version = options_.language_version,
            .tracer_version = options_.tracer_version};
  }

  // The configuration: in the first message, or, when another process has started the program, with
  // the first batch.
  void tell_configuration() {
    if (is_root_)
      for (const auto& [name, value] : options_.build)
        report_.add(Row{name, value, true, "unknown"});
    for (Row& row : reported_rows()) report_.add(std::move(row));
    std::vector<Row> ours;
    for (const auto& table : options_.settings) append_rows(table, ours);
    for (Row& row : ours) report_.add(std::move(row));
    for (Finding& one : otel_findings())
      report_.metrics().add(MetricKind::kCount, "tracers", one.metric, std::move(one.tags), 1);
  }

  void tick(bool last, bool now = false) {
    speak(last, now);
    if (last) return;
    // The next interval of metrics, or the heartbeat if that comes first.
    const std::int64_t rest = next_heartbeat_ns_ - base::monotonic_ns();
    timer_.set_interval(std::clamp(rest, kPauseNs, interval_ns_));
  }

  void speak(bool last, bool now) {
    const std::int64_t now_ns = base::monotonic_ns(), now_s = base::wall_ns() / 1'000'000'000;
    const std::int64_t interval_s = std::max<std::int64_t>(interval_ns_ / 1'000'000'000, 1);
    const Identity who = identity();
    drop_inherited();
    const bool first = !std::exchange(started_, true);
    if (first) {
      tell_configuration();
      const std::size_t rows = report_.rows();
      listen();
      if (is_root_) send(who, report_.started(who, now_s, rows));
    }
    if (next_heartbeat_ns_ == 0) {
      // The first of a forked child comes at once: it is short of what its parent has said.
      next_heartbeat_ns_ = now_ns + (first ? heartbeat_ns_ : 0);
      next_extended_ns_ = now_ns + extended_ns_;
      if (first && !last && !now) return;
    }
    listen();
    measure();
    report_.metrics().close_interval(now_s);
    if (last && !is_root_ && report_.empty()) return;
    // Timers are late, never early, and the next one is set by when this one came.
    if (!last && !now && now_ns + std::min(interval_ns_ / 2, kNearNs) < next_heartbeat_ns_) return;
    next_heartbeat_ns_ = now_ns + heartbeat_ns_;
    // Of a process that another one started, the end is not told.
    const char* const word = !last ? "app-heartbeat" : is_root_ ? "app-closing" : "";
    send(who, report_.batch(who, now_s, interval_s, word));
    if (!last && now_ns + interval_ns_ / 2 >= next_extended_ns_) {
      next_extended_ns_ = now_ns + extended_ns_;
      send(who, report_.extended(who, now_s));
    }
    if (!last && options_.before_heartbeat) options_.before_heartbeat();
  }

  void send(const Identity& who, Message message) {
    transport::Headers headers = {
        {"User-Agent", "telemetry/7.0.0"},        {"Content-Type", "application/json"},
        {"DD-Telemetry-API-Version", "v2"},       {"DD-Telemetry-Request-Type", message.type},
        {"DD-Client-Library-Language", "python"}, {"DD-Client-Library-Version", who.tracer_version},
        {"DD-Session-ID", who.runtime_id}};
    if (root_ != who.runtime_id) headers.emplace_back("DD-Root-Session-ID", root_);
    if (!parent_.empty()) headers.emplace_back("DD-Parent-Session-ID", parent_);
    destination_->submit(
        {.target = target_, .headers = std::move(headers), .body = std::move(message.body)}, {});
  }

  const Options options_;
  const std::string target_;
  const std::int64_t heartbeat_ns_, extended_ns_, interval_ns_;
  const std::unique_ptr<transport::Destination> destination_;
  std::atomic<Word*> head_{nullptr};
  Word* inherited_ = nullptr;  // of the process that forked this one, as is what report_ holds
  bool has_inherited_ = false;
  transport::Timer timer_;
  std::atomic<bool> begun_{false};
  std::atomic<Asked> asked_{Asked::kNothing};
  std::atomic<std::uint32_t> flushed_{0};
  // The worker's own.
  Report report_;
  std::string root_, parent_, own_;
  bool is_root_ = true, started_ = false, ended_ = false;
  std::int64_t next_heartbeat_ns_ = 0, next_extended_ns_ = 0;
  Figures sent_;
  std::map<std::string, std::uint64_t> finished_by_;
  std::string_view last_component_;
  std::uint64_t* last_count_ = nullptr;
};

constinit std::atomic<Sender*> the_sender{nullptr};  // lives as long as the process

Sender* sender() { return the_sender.load(std::memory_order_relaxed); }

// Something is told to go to the intake itself. A key alone does not say so.
bool without_agent() {
  constexpr std::string_view kWays[] = {"DD_AGENTLESS_ENABLED", "_DD_APM_TRACING_AGENTLESS_ENABLED",
                                        "DD_CIVISIBILITY_AGENTLESS_ENABLED",
                                        "DD_LLMOBS_AGENTLESS_ENABLED"};
  return std::ranges::any_of(kWays, [](std::string_view way) {
    const auto text = config::variable(way);
    return text && *config::parse_flag(*text, config::Words::kYes);
  });
}

std::string intake_url(std::string_view where) {
  if (where == "datad0g.com") return "https://all-http-intake.logs.datad0g.com";
  return "https://instrumentation-telemetry-intake." + std::string(where);
}

template <class F>
void push(F&& tell) {
  if (Sender* const to = sender()) to->push(std::forward<F>(tell));
}

}  // namespace

std::span<config::SettingBase* const> settings() { return kSettings; }

Status start(Options options) {
  const bool direct = !api_key.get().empty() && without_agent();
  transport::Destination::Options where;
  if (direct)
    where.headers.emplace_back("DD-API-KEY", api_key.get());
  else
    where.add_headers = transport::agent::add_headers;
  auto destination = transport::Destination::make(
      direct ? intake_url(site.get()) : options.agent_url, std::move(where));
  if (!destination.ok()) return destination.status();
  the_sender = new Sender(std::move(options), std::move(destination).value(),
                          direct ? "/api/v2/apmtelemetry" : "/telemetry/proxy/api/v2/apmtelemetry");
  return {};
}

void begin() {
  if (Sender* const to = sender()) to->begin();
}

bool wanted() { return telemetry_enabled.get(); }

bool enabled() { return sender() != nullptr; }

void give_up() { the_sender.store(nullptr, std::memory_order_relaxed); }

bool flush(bool last, std::int64_t timeout_ns) {
  Sender* const one = sender();
  if (one == nullptr) return true;
  const bool done = one->flush(last, timeout_ns);
  if (last) give_up();
  return done;
}

std::string root_session() {
  const Sender* const one = sender();
  return one ? one->root() : std::string();
}

void integration(Integration what) {
  if (sender() && !what.package.empty()) transport::Worker::get().start_later(kFirstWordNs);
  push([what = std::move(what)](Report& report) { report.add(what); });
}

void dependencies(std::vector<Dependency> list) {
  push([list = std::move(list)](Report& report) {
    for (const Dependency& one : list) report.add(one);
  });
}

bool wants_modules() { return sender() && dependency_collection.get(); }

void modules(std::vector<Module> list) {
  push([list = std::move(list)](Report& report) {
    for (Dependency& one : dependencies_of(report.new_ones_of(list))) report.add(std::move(one));
  });
}

void product(std::string name, bool on, std::string error) {
  push([name = std::move(name), on, error = std::move(error)](Report& report) {
    report.add_product(name, on, error);
  });
}

void configuration(std::string name, const char* value, std::string origin, std::string config_id) {
  push([row = Row{std::move(name), value ? value : "", value != nullptr, std::move(origin),
                  std::move(config_id)}](Report& report) { report.add(row); });
}

void changed(config::SettingBase& setting) {
  if (setting.spec().secret) return;
  const std::optional<std::string> value = setting.shown(setting.origin());
  configuration(std::string(setting.spec().env), value ? value->c_str() : nullptr,
                std::string(origin_name(setting.origin())));
}

void log(Level level, std::string message, std::string tags, std::string stack) {
  if (!log_collection.get()) return;
  push([=](Report& report) { report.add_log(level, message, tags, stack); });
}

void endpoint(Endpoint what) {
  if (!endpoint_collection.get()) return;
  push([what = std::move(what)](Report& report) { report.add(what); });
}

void metric(MetricKind kind, std::string_view name_space, std::string_view name, double value,
            std::string tags) {
  push([kind, name_space = std::string(name_space), name = std::string(name),
        tags = std::move(tags),
        value](Report& report) { report.metrics().add(kind, name_space, name, tags, value); });
}

void note_spans(const trace::Delivery& delivery) {
  if (Sender* const to = sender()) to->note_spans(delivery);
}

void note_failure(int status) {
  const std::string ours = "src_library:libdatadog";
  metric(MetricKind::kCount, "tracers", "trace_api.errors", 1,
         ours + (status ? ",type:status_code" : ",type:network"));
  if (status)
    metric(MetricKind::kCount, "tracers", "trace_api.responses", 1,
           "status_code:" + std::to_string(status) + "," + ours);
}

void note_payload(std::size_t bytes) {
  metric(MetricKind::kDistribution, "tracers", "trace_api.bytes", static_cast<double>(bytes),
         "src_library:libdatadog");
}

}  // namespace dd::telemetry
