#include "core/transport/agent.h"

#include <atomic>

#include "core/base/clock.h"
#include "core/base/sha256.h"
#include "core/config/setting.h"
#include "core/transport/container.h"

namespace dd::transport::agent {
namespace {

constexpr std::int64_t kInfoEveryNs = 300'000'000'000, kInfoAgainNs = 5'000'000'000;
constexpr int kMaxListeners = 4;

constinit Destination* the_agent = nullptr;
constinit const Headers* the_tracer_headers = nullptr;
constinit std::atomic<const AgentInfo*> the_info{nullptr};  // old ones are kept: readers hold them
constinit std::atomic<const std::string*> the_token{nullptr};
constinit std::atomic<void (*)(const AgentInfo&)> listeners[kMaxListeners] = {};
constinit std::atomic<std::int64_t> next_ask_ns{0};
constinit std::atomic<std::uint32_t> answered{0};

void learn(const Reply& reply) {
  if (!reply.ok()) return;
  next_ask_ns.store(base::monotonic_ns() + kInfoEveryNs, std::memory_order_relaxed);
  const std::string state = base::sha256_hex(reply.body);
  const std::string_view tags = reply.response->header("Datadog-Container-Tags-Hash");
  const AgentInfo* const before = info();
  if (before && before->state == state && before->container_tags_hash == tags) return;
  std::optional<AgentInfo> parsed = parse_info(reply.body);
  if (!parsed) return;
  parsed->state = state;
  parsed->container_tags_hash = tags;
  const auto* const kept = new AgentInfo(std::move(*parsed));
  the_info.store(kept, std::memory_order_release);
  for (auto& listener : listeners)
    if (auto* const call = listener.load(std::memory_order_relaxed)) call(*kept);
}

void ask(std::int64_t now) {
  next_ask_ns.store(now + kInfoAgainNs, std::memory_order_relaxed);
  the_agent->submit(
      {.method = "GET", .target = "/info", .headers = {{"User-Agent", "Libdatadog/9.0.0"}}},
      [](const Reply& reply) {
        learn(reply);
        answered.store(1);
        futex_wake(answered);
      });
}

}  // namespace

Status set_up(const std::string& url, Headers headers) {
  auto made = Destination::make(url, {.add_headers = add_headers});
  if (!made.ok()) return made.status();
  the_tracer_headers = new Headers(std::move(headers));
  the_agent = std::move(made).value().release();
  return {};
}

Destination* destination() { return the_agent; }
const AgentInfo* info() { return the_info.load(std::memory_order_acquire); }

void await_first_answer(std::int64_t timeout_ns) {
  const std::int64_t until = base::monotonic_ns() + timeout_ns;
  while (Worker::get().running() && answered.load() == 0) {
    const std::int64_t left = until - base::monotonic_ns();
    if (left <= 0) return;
    futex_wait(answered, 0, left);
  }
}

void ask_info() {
  const std::int64_t now = base::monotonic_ns();
  if (the_agent && now >= next_ask_ns.load(std::memory_order_relaxed)) ask(now);
}

void on_info(void (*call)(const AgentInfo&)) {
  for (auto& listener : listeners) {
    void (*none)(const AgentInfo&) = nullptr;
    if (listener.compare_exchange_strong(none, call)) return;
  }
}

void hear(const Response& response) {
  if (!the_agent || Worker::get().closing()) return;
  const std::string_view state = response.header("Datadog-Agent-State");
  const AgentInfo* const known = info();
  if (!state.empty() && known && known->state != state)
    ask(base::monotonic_ns());
  else
    ask_info();
}

const Headers& tracer_headers() {
  static const Headers kNone;
  return the_tracer_headers ? *the_tracer_headers : kNone;
}

void set_test_session_token(std::string token) {
  the_token.store(token.empty() ? nullptr : new std::string(std::move(token)),  // kept, few
                  std::memory_order_release);
}

void add_headers(Headers& headers) {
  static const ContainerIdentity container = container_identity();
  const auto add = [&headers](const char* name, std::string_view value) {
    if (!value.empty()) headers.emplace_back(name, value);
  };
  add("Datadog-Container-ID", container.container_id);
  add("Datadog-Entity-ID", container.entity_id);
  add("Datadog-External-Env", config::variable("DD_EXTERNAL_ENV").value_or(""));
  if (const std::string* token = the_token.load(std::memory_order_acquire))
    add("X-Datadog-Test-Session-Token", *token);
}

}  // namespace dd::transport::agent
