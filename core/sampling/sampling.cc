#include "core/sampling/sampling.h"

#include <atomic>
#include <cmath>

#include "core/base/clock.h"
#include "core/base/fork.h"
#include "core/base/log.h"
#include "core/config/core_settings.h"
#include "core/trace/tags.h"
#include "core/trace/tracer.h"

namespace dd::sampling {
namespace {

namespace tags = trace::tags;
using trace::Segment;
using trace::Span;

struct Prepared {
  Config config;
  Limiter limiter;
};
constinit base::Mutex mutex;  // never held while a segment's is taken
constinit Prepared* prepared DD_GUARDED_BY(mutex) = nullptr;
constinit const Rates* rates DD_GUARDED_BY(mutex) = nullptr;

struct Decision {
  Mechanism mechanism = Mechanism::kDefault;
  bool keep = true;
  double rate = 1;
  bool limited = false;
  double limit_rate = 1;
};

Decision make_decision(const Segment& segment, const Span& root) {
  Decision made;
  const base::MutexLock lock(mutex);
  if (prepared)
    for (const Rule& rule : prepared->config.rules) {
      if (!rule.matches(root)) continue;
      made.mechanism = rule.provenance == Provenance::kCustomer  ? Mechanism::kRemoteUserRule
                       : rule.provenance == Provenance::kDynamic ? Mechanism::kRemoteDynamicRule
                                                                 : Mechanism::kLocalRule;
      made.rate = rule.rate;
      made.keep = keeps(segment.trace_id.low, rule.rate);
      if (made.keep) {
        made.limited = true;
        made.keep = prepared->limiter.allow(base::monotonic_ns());
        made.limit_rate = prepared->limiter.effective_rate();
      }
      return made;
    }
  if (!rates || rates->empty()) return made;
  std::string key = "service:";
  key.append(root.service.view()).append(",env:").append(root.text(tags::kEnvTag));
  const auto at = rates->find(key);
  if (at == rates->end()) return made;
  made.mechanism = Mechanism::kAgentRate;
  made.rate = at->second;
  made.keep = keeps(segment.trace_id.low, made.rate);
  return made;
}

std::string decision_maker(Mechanism mechanism) {
  return "-" + std::to_string(static_cast<int>(mechanism));
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
  constexpr std::int64_t kSecond = 1'000'000'000;
  if (last_ns_ == 0) last_ns_ = window_ns_ = now_ns;
  if (now_ns - window_ns_ >= kSecond) {
    previous_ = asked_ ? static_cast<double>(allowed_) / static_cast<double>(asked_) : 1;
    has_previous_ = true;
    allowed_ = asked_ = 0;
    window_ns_ = now_ns;
  }
  bool good = rate_ < 0;
  if (rate_ > 0) {
    const double most = static_cast<double>(rate_);
    tokens_ += static_cast<double>(now_ns - last_ns_) / 1e9 * most;
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
  made.rules = parse_rules(config::sampling_rules.get(), &problems);
  for (const std::string& problem : problems)
    base::log(base::LogLevel::kWarning,
              "DD_TRACE_SAMPLING_RULES: " + problem + "; the rule is left out");
  made.limit_per_second = config::rate_limit.get();
  return made;
}

void configure(Config config) {
  const std::int64_t limit = config.limit_per_second;
  auto* made = new Prepared{std::move(config), Limiter(limit)};
  Prepared* old;
  {
    const base::MutexLock lock(mutex);
    old = prepared;
    prepared = made;
  }
  delete old;
}

void update_agent_rates(Rates fresh) {
  const Rates* made = new Rates(std::move(fresh));
  const Rates* old;
  {
    const base::MutexLock lock(mutex);
    old = rates;
    rates = made;
  }
  delete old;
}

void install() {
  static const bool registered = [] {
    base::on_fork(base::ForkOrder::kTrace,
                  {.prepare = []() DD_NO_THREAD_SAFETY { mutex.lock(); },
                   .parent = []() DD_NO_THREAD_SAFETY { mutex.unlock(); },
                   .child = [] { mutex.reset_after_fork(); }});
    return true;
  }();
  (void)registered;
  trace::ChunkHooks hooks = trace::Tracer::get().hooks();
  hooks.decide = decide;
  trace::Tracer::get().set_hooks(hooks);
}

void decide(Segment& segment, Span& root) {
  {
    const base::MutexLock lock(segment.mutex);
    if (segment.priority) return;
  }
  const Decision made = make_decision(segment, root);
  const bool by_rule = made.mechanism != Mechanism::kDefault &&
                       made.mechanism != Mechanism::kAgentRate;
  const std::string knuth = rate_text(made.rate);
  const base::MutexLock lock(segment.mutex);
  if (segment.priority) return;
  segment.priority = made.keep ? (by_rule ? 2 : 1) : (by_rule ? -1 : 0);
  if (!trace::find_entry(segment.meta, tags::kDecisionMaker.text))
    trace::set_entry(segment.meta, tags::kDecisionMaker.text, decision_maker(made.mechanism));
  if (made.mechanism == Mechanism::kDefault) return;
  trace::set_entry(segment.meta, tags::kKnuthRate.text, knuth);
  root.set(tags::kKnuthRate, std::string_view(knuth));
  root.set(by_rule ? tags::kRulePsr : tags::kAgentPsr, made.rate);
  if (made.limited) root.set(tags::kLimitPsr, made.limit_rate);
}

void decide_by_hand(Segment& segment, bool keep) {
  const base::MutexLock lock(segment.mutex);
  segment.priority = keep ? 2 : -1;
  trace::set_entry(segment.meta, tags::kDecisionMaker.text, decision_maker(Mechanism::kManual));
}

}  // namespace dd::sampling
