#include "core/sampling/sampling.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <optional>

#include "core/base/clock.h"
#include "core/base/fork.h"
#include "core/base/log.h"
#include "core/config/core_settings.h"
#include "core/trace/otel_state.h"
#include "core/trace/tags.h"
#include "core/trace/tracer.h"

namespace dd::sampling {
namespace {

namespace tags = trace::tags;
using trace::Segment;
using trace::Span;

struct Prepared {
  explicit Prepared(Config made)
      : config(std::move(made)),
        limiter(config.opt_out ? 1 : config.limit_per_second, config.opt_out ? kMinute : kSecond) {
    for (const SpanRule& rule : config.span_rules)
      span_limiters.emplace_back(
          rule.max_per_second < 0 ? -1 : static_cast<std::int64_t>(rule.max_per_second));
    for (const Rule& rule : config.rules) discards = discards || rule.discard;
  }
  Config config;
  Limiter limiter;
  std::vector<Limiter> span_limiters;
  bool discards = false;

  static constexpr std::int64_t kSecond = 1'000'000'000, kMinute = 60 * kSecond;
};
constinit base::Mutex mutex;  // never held while a segment's is taken
constinit Prepared* prepared DD_GUARDED_BY(mutex) = nullptr;
constinit const Rates* rates DD_GUARDED_BY(mutex) = nullptr;
constinit const Config* own DD_GUARDED_BY(mutex) = nullptr;  // as configured, without remote rules
// Neither rules nor rates: everything is kept.
constinit std::atomic<bool> undecided{true};

void look_for_rules() DD_REQUIRES(mutex) {
  undecided.store(!(prepared && (prepared->config.opt_out || !prepared->config.rules.empty())) &&
                      !(rates && !rates->empty()),
                  std::memory_order_relaxed);
}

// What the agent's rates say for the service of most traces: the key is not made for each.
struct Usual {
  const Rates* of = nullptr;
  const char* service = nullptr;  // of the process: never reused for another text
  const double* rate = nullptr;   // null: none
};
constinit Usual usual DD_GUARDED_BY(mutex);

const double* agent_rate(const Span& root) DD_REQUIRES(mutex) {
  const trace::ProcessFacts& facts = trace::Tracer::get().facts();
  const bool common = root.service.data == facts.service.data() && root.has(trace::kEnv);
  if (common && usual.of == rates && usual.service == root.service.data) return usual.rate;
  std::string key = "service:";
  key.append(root.service.view()).append(",env:").append(root.text(tags::kEnvTag));
  const auto at = rates->find(key);
  const double* const found = at == rates->end() ? nullptr : &at->second;
  if (common) usual = {.of = rates, .service = root.service.data, .rate = found};
  return found;
}

struct Decision {
  Mechanism mechanism = Mechanism::kDefault;
  bool keep = true;
  double rate = 1;
  bool limited = false;
  double limit_rate = 1;
  bool discard = false;
};

Decision make_decision(const Segment& segment, const Span& root) {
  Decision made;
  const base::MutexLock lock(mutex);
  const auto limit = [&]() DD_REQUIRES(mutex) {
    made.limited = true;
    made.keep = prepared->limiter.allow(base::monotonic_ns());
    made.limit_rate = prepared->limiter.effective_rate();
  };
  if (prepared && prepared->config.opt_out) {
    made.mechanism = Mechanism::kOptOut;
    limit();
    return made;
  }
  if (prepared)
    for (const Rule& rule : prepared->config.rules) {
      if (!rule.matches(root)) continue;
      made.mechanism = rule.provenance == Provenance::kCustomer  ? Mechanism::kRemoteUserRule
                       : rule.provenance == Provenance::kDynamic ? Mechanism::kRemoteDynamicRule
                                                                 : Mechanism::kLocalRule;
      made.rate = rule.rate;
      made.keep = keeps(segment.trace_id.low, rule.rate);
      if (made.keep) limit();
      made.discard = rule.discard && !made.keep;
      return made;
    }
  if (!rates || rates->empty()) return made;
  const double* const rate = agent_rate(root);
  if (!rate) return made;
  made.mechanism = Mechanism::kAgentRate;
  made.rate = *rate;
  made.keep = keeps(segment.trace_id.low, made.rate);
  return made;
}

// Rules may look at what the context says, which the root has from then on.
void add_trace_tags(const Segment& segment, Span& root) DD_REQUIRES(segment.mutex) {
  for (const auto& [name, value] : segment.told() ? segment.meta() : segment.written_meta())
    if (name != "traceparent" && name != "tracestate")
      if (const trace::Key key(name); !root.has(key)) root.set(key, std::string_view(value));
  for (const auto& [name, value] : segment.metrics)
    if (const trace::Key key(name); !root.has(key)) root.set(key, value);
  if (!segment.origin.empty() && !root.finished() && !root.has(tags::kOrigin))
    root.set(tags::kOrigin, std::string_view(segment.origin));
}

// The hook after the decision is there only while something needs it.
void set_decided_hook(bool wanted) {
  trace::ChunkHooks hooks = trace::Tracer::get().hooks();
  if (!hooks.decide || (hooks.decided != nullptr) == wanted) return;
  hooks.decided = wanted ? decided : nullptr;
  trace::Tracer::get().set_hooks(hooks);
}

bool needs_decided() {
  const base::MutexLock lock(mutex);
  return prepared &&
         (prepared->discards || prepared->config.opt_out || !prepared->config.span_rules.empty());
}

void put_in_force(Config config) {
  auto* made = new Prepared(std::move(config));
  Prepared* old;
  {
    const base::MutexLock lock(mutex);
    old = std::exchange(prepared, made);
    look_for_rules();
  }
  delete old;
  set_decided_hook(needs_decided());
}

std::optional<std::string> read_file(const std::string& path) {
  constexpr std::size_t kMostBytes = 1 << 20;
  std::FILE* const file = std::fopen(path.c_str(), "re");
  if (!file) return std::nullopt;
  std::string content(kMostBytes, '\0');
  content.resize(std::fread(content.data(), 1, kMostBytes, file));
  std::fclose(file);
  return content;
}

}  // namespace

bool keeps(std::uint64_t id, double rate) {
  if (rate >= 1) return true;
  if (rate <= 0) return false;
  return id * 1111111111111111111ull <= static_cast<std::uint64_t>(rate * 18446744073709551615.0);
}

std::string rate_text(double rate) {
  auto millionths = static_cast<std::int64_t>(std::floor(rate * 1e6 + 0.5));
  std::string out = std::to_string(millionths / 1'000'000);
  millionths %= 1'000'000;
  if (millionths == 0) return out;
  std::string digits = std::to_string(millionths);
  out += "." + std::string(6 - digits.size(), '0') + digits;
  while (out.back() == '0') out.pop_back();
  return out;
}

bool Limiter::allow(std::int64_t now_ns) {
  if (last_ns_ == 0) last_ns_ = window_ns_ = now_ns;
  if (now_ns - window_ns_ >= length_ns_) {
    previous_ = asked_ ? static_cast<double>(allowed_) / static_cast<double>(asked_) : 1;
    has_previous_ = true;
    allowed_ = asked_ = 0;
    window_ns_ = now_ns;
  }
  bool good = rate_ < 0;
  if (rate_ > 0) {
    const double most = static_cast<double>(rate_);
    tokens_ += static_cast<double>(now_ns - last_ns_) / static_cast<double>(length_ns_) * most;
    if (tokens_ > most) tokens_ = most;
    if ((good = tokens_ >= 1)) tokens_ -= 1;
  }
  last_ns_ = now_ns;
  ++asked_;
  allowed_ += good;
  return good;
}

double Limiter::effective_rate() const {
  if (asked_ == 0) return 1;
  const double now = static_cast<double>(allowed_) / static_cast<double>(asked_);
  return has_previous_ ? (now + previous_) / 2 : now;
}

Config config_from_settings() {
  Config made;
  std::vector<std::string> problems;
  const auto report = [&](std::string_view setting) {
    for (const std::string& problem : problems)
      base::log(base::LogLevel::kWarning,
                std::string(setting) + ": " + problem + "; the rule is left out");
    problems.clear();
  };
  made.rules = parse_rules(config::sampling_rules.get(), &problems);
  report("DD_TRACE_SAMPLING_RULES");
  const std::string_view file = config::span_sampling_rules_file.get();
  if (const std::string_view text = config::span_sampling_rules.get(); !text.empty()) {
    if (!file.empty())
      base::log(base::LogLevel::kWarning,
                "DD_SPAN_SAMPLING_RULES and DD_SPAN_SAMPLING_RULES_FILE are both set; the file is "
                "not read");
    made.span_rules = parse_span_rules(text, &problems);
    report("DD_SPAN_SAMPLING_RULES");
  } else if (!file.empty()) {
    if (const auto content = read_file(std::string(file)))
      made.span_rules = parse_span_rules(*content, &problems);
    else
      base::log(base::LogLevel::kWarning, "DD_SPAN_SAMPLING_RULES_FILE=" + std::string(file) +
                                              " cannot be read; there are no such rules");
    report("DD_SPAN_SAMPLING_RULES_FILE");
  }
  made.limit_per_second = config::rate_limit.get();
  made.opt_out = config::apm_opt_out();
  return made;
}

void configure(Config config) {
  auto* const kept = new Config(config);
  const Config* old;
  {
    const base::MutexLock lock(mutex);
    old = std::exchange(own, kept);
  }
  delete old;
  put_in_force(std::move(config));
}

void set_remote(std::string_view rules_json, std::optional<double> rate) {
  Config config;
  {
    const base::MutexLock lock(mutex);
    if (own) config = *own;
  }
  if (!rules_json.empty() || rate) {
    std::vector<std::string> problems;
    config.rules = parse_remote_rules(rules_json, &problems);
    for (const std::string& problem : problems)
      base::log(base::LogLevel::kWarning,
                "remote sampling rules: " + problem + "; the rule is left out");
    if (rate) config.rules.push_back({.rate = std::clamp(*rate, 0.0, 1.0)});
  }
  put_in_force(std::move(config));
}

void update_agent_rates(Rates fresh) {
  const Rates* made = new Rates(std::move(fresh));
  const Rates* old;
  {
    const base::MutexLock lock(mutex);
    old = rates;
    rates = made;
    usual = {};
    look_for_rules();
  }
  delete old;
}

void install() {
  static const bool registered = [] {
    base::on_fork(base::ForkOrder::kTrace, {.prepare = []() DD_NO_THREAD_SAFETY { mutex.lock(); },
                                            .parent = []() DD_NO_THREAD_SAFETY { mutex.unlock(); },
                                            .child = [] { mutex.reset_after_fork(); }});
    return true;
  }();
  (void)registered;
  trace::ChunkHooks hooks = trace::Tracer::get().hooks();
  hooks.decide = decide_last;
  trace::Tracer::get().set_hooks(hooks);
  set_decided_hook(needs_decided());
}

namespace {

void decide(Segment& segment, Span& root, bool may_discard) {
  if (undecided.load(std::memory_order_relaxed)) {
    const base::MutexLock lock(segment.mutex);
    if (segment.priority) return;
    add_trace_tags(segment, root);
    segment.priority = 1;
    segment.set_maker(static_cast<int>(Mechanism::kDefault));
    trace::otel::note_rate(segment, 1, true);
    return;
  }
  {
    const base::MutexLock lock(segment.mutex);
    if (segment.priority) return;
    add_trace_tags(segment, root);
  }
  const Decision made = make_decision(segment, root);
  const bool by_rule = made.mechanism == Mechanism::kLocalRule ||
                       made.mechanism == Mechanism::kRemoteUserRule ||
                       made.mechanism == Mechanism::kRemoteDynamicRule;
  const base::MutexLock lock(segment.mutex);
  if (segment.priority) return;
  segment.priority = made.keep ? (by_rule ? 2 : 1) : (by_rule ? -1 : 0);
  segment.discarded = segment.discarded || (made.discard && may_discard);
  segment.set_maker(static_cast<int>(made.mechanism));
  const bool by_rate =
      made.mechanism != Mechanism::kOptOut && made.rate > 0 && (made.keep || !made.limited);
  if (by_rate)
    trace::otel::note_rate(segment, made.rate, made.keep);
  else
    trace::otel::note_no_rate(segment);
  if (made.limited) root.set(tags::kLimitPsr, made.limit_rate);
  if (made.mechanism == Mechanism::kDefault || made.mechanism == Mechanism::kOptOut) return;
  root.set(tags::kKnuthRate, std::string_view(rate_text(made.rate)));
  root.set(by_rule ? tags::kRulePsr : tags::kAgentPsr, made.rate);
}

}  // namespace

void decide(Segment& segment, Span& root) { decide(segment, root, false); }
void decide_last(Segment& segment, Span& root) { decide(segment, root, true); }

bool decided(Segment& segment, std::vector<Span*>& spans) {
  bool kept;
  {
    const base::MutexLock lock(segment.mutex);
    if (segment.discarded) return false;
    kept = !segment.priority || *segment.priority > 0;
  }
  const base::MutexLock lock(mutex);
  if (!prepared) return true;
  if (prepared->config.opt_out)
    for (Span* span : spans) span->set(tags::kApmEnabled, std::int64_t{0});
  if (kept) return true;
  for (Span* span : spans)
    for (std::size_t i = 0; i < prepared->config.span_rules.size(); ++i) {
      const SpanRule& rule = prepared->config.span_rules[i];
      if (!rule.matches(*span)) continue;
      if (keeps(span->id, rule.rate) && prepared->span_limiters[i].allow(base::monotonic_ns())) {
        span->set(tags::kSpanSamplingMechanism, static_cast<std::int64_t>(Mechanism::kSpanRule));
        span->set(tags::kSpanSamplingRate, rule.rate);
        if (rule.max_per_second >= 0) span->set(tags::kSpanSamplingLimit, rule.max_per_second);
      }
      break;
    }
  return true;
}

void decide_by_hand(Segment& segment, bool keep) {
  const base::MutexLock lock(segment.mutex);
  segment.priority = keep ? 2 : -1;
  trace::otel::note_no_rate(segment);
  trace::set_entry(segment.meta(), tags::kDecisionMaker.text, "-4");
}

}  // namespace dd::sampling
