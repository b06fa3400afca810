#include "core/telemetry/telemetry.h"

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "core/base/clock.h"
#include "core/config/core_settings.h"
#include "core/telemetry/dependencies.h"
#include "core/telemetry/report.h"
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
constinit config::Setting<bool> log_collection({.env = "DD_TELEMETRY_LOG_COLLECTION_ENABLED",
                                                .fallback = "true"});
constinit config::Setting<bool> dependency_collection(
    {.env = "DD_TELEMETRY_DEPENDENCY_COLLECTION_ENABLED", .fallback = "true"});
constinit config::TextSetting api_key({.env = "DD_API_KEY", .secret = true});
constinit config::TextSetting site({.env = "DD_SITE", .fallback = "datadoghq.com"});

config::SettingBase* const kSettings[] = {&telemetry_enabled,     &heartbeat_s, &log_collection,
                                          &dependency_collection, &api_key,     &site};

// Something to say, made anywhere and told to the report on the worker.
struct Word {
  Word* next = nullptr;
  std::function<void(Report&)> tell;
};

class Sender final : public transport::Job {
 public:
  Sender(Options options, std::unique_ptr<transport::Destination> destination, std::string target,
         std::int64_t interval_ns)
      : options_(std::move(options)),
        target_(std::move(target)),
        interval_ns_(interval_ns),
        destination_(std::move(destination)),
        timer_(
            interval_ns, [this](bool last) { tick(last); }, true) {
    const trace::ProcessFacts& facts = trace::Tracer::get().facts();
    root_ = config::variable("_DD_ROOT_PY_SESSION_ID").value_or(facts.runtime_id);
    parent_ = config::variable("_DD_PARENT_PY_SESSION_ID").value_or("");
    own_ = facts.runtime_id;
    // A job only to hear of forks.
    transport::Worker::get().add(this);
  }

  void push(std::function<void(Report&)> tell) {
    auto* const word = new Word{nullptr, std::move(tell)};
    Word* head = head_.load(std::memory_order_relaxed);
    do word->next = head;
    while (!head_.compare_exchange_weak(head, word, std::memory_order_release,
                                        std::memory_order_relaxed));
  }
  void begin() { timer_.start(); }

  std::int64_t turn(const transport::Turn&) override { return transport::kNever; }
  void forked(bool whole) override {
    is_root_ = false;
    started_ = true;
    last_ns_ = 0;
    sent_ = Figures();
    parent_ = std::exchange(own_, trace::Tracer::get().facts().runtime_id);
    Word* at = head_.exchange(nullptr, std::memory_order_acquire);
    if (!whole) {
      new (&report_) Report;
      return;
    }
    report_.clear();
    while (at) delete std::exchange(at, at->next);
  }

 private:
  struct Figures {
    std::uint64_t created = 0, finished = 0, dropped_spans = 0;
    std::uint64_t requests = 0, failures = 0, bytes = 0, chunks = 0, dropped_chunks = 0;
  };

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

  void measure() {
    const trace::Counts counts = trace::Tracer::get().counts();
    Figures now{.created = counts.spans_created,
                .finished = counts.spans_finished,
                .dropped_spans = counts.spans_dropped_unsent};
    if (const transport::Exporter* exporter = transport::agent_sink::exporter()) {
      const transport::Stats stats = exporter->stats();
      now.requests = stats.requests;
      now.failures = stats.failures;
      now.bytes = stats.bytes_sent;
      now.chunks = stats.sent.traces;
      now.dropped_chunks = stats.dropped_in_all().traces -
                           stats.dropped[static_cast<int>(transport::Drop::kUnsampled)].traces;
    }
    const auto add = [this](const char* metric, const char* tags, std::uint64_t value) {
      report_.add_count("tracers", metric, tags, static_cast<double>(value));
    };
    constexpr const char* kOurs = "src_library:libdatadog";
    add("spans_created", "integration_name:datadog", now.created - sent_.created);
    add("spans_finished", "integration_name:datadog", now.finished - sent_.finished);
    add("spans_dropped", "integration_name:datadog", now.dropped_spans - sent_.dropped_spans);
    const std::uint64_t requests = now.requests - sent_.requests;
    const std::uint64_t failures = now.failures - sent_.failures;
    add("trace_api.requests", kOurs, requests);
    if (requests > failures)
      add("trace_api.responses", "status_code:200,src_library:libdatadog", requests - failures);
    add("trace_api.errors", kOurs, failures);
    add("trace_chunks_sent", kOurs, now.chunks - sent_.chunks);
    add("trace_chunks_dropped", kOurs, now.dropped_chunks - sent_.dropped_chunks);
    sent_ = now;
  }

  void tick(bool last) {
    const std::int64_t now_ns = base::monotonic_ns(), now_s = base::wall_ns() / 1'000'000'000;
    const trace::ProcessFacts& facts = trace::Tracer::get().facts();
    const Identity who{.service = facts.service.empty() ? "unnamed-python-service" : facts.service,
                       .env = facts.env,
                       .version = facts.version,
                       .runtime_id = facts.runtime_id,
                       .process_tags = facts.process_tags,
                       .language_version = options_.language_version,
                       .tracer_version = options_.tracer_version};
    const bool first = !std::exchange(started_, true);
    if (first) {
      std::vector<Row> rows;
      append_rows(config::core_settings(), rows);
      append_rows(kSettings, rows);
      for (const auto& table : options_.settings) append_rows(table, rows);
      for (Row& row : rows) report_.add(std::move(row));
      send(who, report_.started(who, now_s));
      last_ns_ = now_ns;
      if (!last) return;
    }
    listen();
    measure();
    if (last && !is_root_ && report_.empty()) return;
    const std::int64_t passed_ns = last_ns_ ? now_ns - last_ns_ : interval_ns_;
    last_ns_ = now_ns;
    send(who, report_.batch(who, now_s, std::max<std::int64_t>(passed_ns / 1'000'000'000, 1),
                            last && is_root_));
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
  const std::int64_t interval_ns_;
  const std::unique_ptr<transport::Destination> destination_;
  std::atomic<Word*> head_{nullptr};
  transport::Timer timer_;
  // The worker's own.
  Report report_;
  std::string root_, parent_, own_;
  bool is_root_ = true, started_ = false;
  std::int64_t last_ns_ = 0;
  Figures sent_;
};

constinit Sender* the_sender = nullptr;  // lives as long as the process

std::string intake_url(std::string_view where) {
  if (where == "datad0g.com") return "https://all-http-intake.logs.datad0g.com";
  return "https://instrumentation-telemetry-intake." + std::string(where);
}

template <class F>
void push(F&& tell) {
  if (the_sender) the_sender->push(std::forward<F>(tell));
}

}  // namespace

std::span<config::SettingBase* const> settings() { return kSettings; }

Status start(Options options) {
  config::resolve(kSettings);
  if (!telemetry_enabled.get()) return {};
  const bool direct = !api_key.get().empty();
  transport::Destination::Options where;
  if (direct)
    where.headers.emplace_back("DD-API-KEY", api_key.get());
  else
    where.add_headers = transport::agent::add_headers;
  auto destination = transport::Destination::make(
      direct ? intake_url(site.get()) : options.agent_url, std::move(where));
  if (!destination.ok()) return destination.status();
  const double seconds =
      heartbeat_s.get() > 0 && heartbeat_s.get() < 86400 ? heartbeat_s.get() : 60;
  the_sender = new Sender(std::move(options), std::move(destination).value(),
                          direct ? "/api/v2/apmtelemetry" : "/telemetry/proxy/api/v2/apmtelemetry",
                          static_cast<std::int64_t>(seconds * 1e9));
  return {};
}

void begin() {
  if (the_sender) the_sender->begin();
}

bool enabled() { return the_sender != nullptr; }

void integration(Integration what) {
  push([what = std::move(what)](Report& report) { report.add(what); });
}

void dependencies(std::vector<Dependency> list) {
  push([list = std::move(list)](Report& report) {
    for (const Dependency& one : list) report.add(one);
  });
}

bool wants_modules() { return the_sender && dependency_collection.get(); }

void modules(std::vector<Module> list) {
  push([list = std::move(list)](Report& report) {
    for (Dependency& one : dependencies_of(list)) report.add(std::move(one));
  });
}

void product(std::string name, bool on, std::string error) {
  push([name = std::move(name), on, error = std::move(error)](Report& report) {
    report.add_product(name, on, error);
  });
}

void configuration(std::string name, const char* value, std::string origin) {
  push([row = Row{std::move(name), value ? value : "", value != nullptr, std::move(origin)}](
           Report& report) { report.add(row); });
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

void count(std::string_view name_space, std::string_view metric, double value, std::string tags) {
  push([name_space = std::string(name_space), metric = std::string(metric), tags = std::move(tags),
        value](Report& report) { report.add_count(name_space, metric, tags, value); });
}

}  // namespace dd::telemetry
