// Decides once per trace whether it is kept: rules, then the agent's rates, then keep.
//
//     sampling::configure(sampling::config_from_settings());   // start-up, remote configuration
//     sampling::install();                                     // puts decide() behind the tracer
//     sampling::update_agent_rates(rates);                     // the sender, with each answer
//     sampling::set_remote(rules, rate);                       // remote configuration
//
// Spans of traces that are not kept may be kept alone (single-span rules); a rule may drop what it
// rejects before it is sent (`discard`). With APM tracing switched off for a process that runs a
// security product, one trace a minute is kept.
//
// Any thread. A rule that cannot be understood is reported and left out.
// Source: SPAN.md section 11.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/trace/segment.h"
#include "core/trace/span.h"

namespace dd::sampling {

// Ignores case; '*' is any run, '?' one character; nothing is escaped. Linear in practice: bounded
// by the product of both lengths.
bool glob_matches(std::string_view pattern, std::string_view text);

// keep iff the hash of the id is at most rate * (2^64 - 1).
bool keeps(std::uint64_t id, double rate);
// Six decimals, half up, without trailing zeros: "0.3", "1", "0".
std::string rate_text(double rate);

enum class Mechanism : std::uint8_t {
  kDefault = 0,
  kAgentRate = 1,
  kLocalRule = 3,
  kManual = 4,
  kOptOut = 5,
  kSpanRule = 8,
  kRemoteUserRule = 11,
  kRemoteDynamicRule = 12,
};

enum class Provenance : std::uint8_t { kCustomer, kDynamic, kDefault };  // strongest first

struct Rule {
  double rate = 1;
  std::optional<std::string> service, name, resource;  // globs; none: any
  std::vector<std::pair<std::string, std::string>> tags;
  Provenance provenance = Provenance::kDefault;
  bool discard = false;  // what it rejects is not even sent
  bool matches(const trace::Span& span) const;
};

// A JSON list of rules, sorted by provenance. Total: bad rules are left out, `problems` says why.
std::vector<Rule> parse_rules(std::string_view json, std::vector<std::string>* problems = nullptr);

// Remote rules must say whose they are and match something in particular; the others are left out.
std::vector<Rule> parse_remote_rules(std::string_view json,
                                     std::vector<std::string>* problems = nullptr);

struct SpanRule {
  double rate = 1;
  std::optional<std::string> service, name;  // globs; none: any, but not both
  double max_per_second = -1;                // negative: no limit
  bool matches(const trace::Span& span) const;
};
std::vector<SpanRule> parse_span_rules(std::string_view json,
                                       std::vector<std::string>* problems = nullptr);

struct Config {
  std::vector<Rule> rules;
  std::int64_t limit_per_second = 100;  // 0: drop all that rules keep; negative: no limit
  std::vector<SpanRule> span_rules;
  bool opt_out = false;  // APM tracing is off, a security product is on
};
Config config_from_settings();
void configure(Config config);
void install();

// Rules and rate of remote configuration, in force instead of the configured ones until both are
// empty again. What is wrong with the rules is reported and left out.
void set_remote(std::string_view rules_json, std::optional<double> rate);

using Rates = std::map<std::string, double, std::less<>>;  // "service:x,env:y" -> rate
void update_agent_rates(Rates rates);

// Gives the segment its priority when it has none, and the span and the segment their marks.
void decide(trace::Segment& segment, trace::Span& local_root);
// The same when spans are about to be sent, which a rule may forbid (`discard`). What was decided
// before, others know of: it is sent.
void decide_last(trace::Segment& segment, trace::Span& local_root);
// After the decision: marks single spans, says false when the chunk is to be dropped.
bool decided(trace::Segment& segment, std::vector<trace::Span*>& spans);
// manual.keep and manual.drop: priority 2 or -1, mechanism 4.
void decide_by_hand(trace::Segment& segment, bool keep);

// Lets `rate` a window (a second) through, with a window's worth at once.
class Limiter {
 public:
  explicit Limiter(std::int64_t rate, std::int64_t window_ns = 1'000'000'000)
      : rate_(rate), length_ns_(window_ns), tokens_(static_cast<double>(rate)) {}
  bool allow(std::int64_t now_ns);
  // Mean of the current and the previous window's share of what was let through.
  double effective_rate() const;

 private:
  std::int64_t rate_, length_ns_;
  double tokens_;
  std::int64_t last_ns_ = 0, window_ns_ = 0;
  std::uint64_t allowed_ = 0, asked_ = 0;
  double previous_ = 1;
  bool has_previous_ = false;
};

}  // namespace dd::sampling
