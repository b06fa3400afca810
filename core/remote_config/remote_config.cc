#include "core/remote_config/remote_config.h"

#include <algorithm>
#include <atomic>

#include "core/base/ids.h"
#include "core/base/log.h"
#include "core/base/mutex.h"
#include "core/config/identity.h"
#include "core/config/parse.h"
#include "core/trace/segment.h"
#include "core/trace/span.h"
#include "core/trace/tracer.h"
#include "core/transport/agent.h"

namespace dd::remote_config {
namespace {

constinit config::Setting<bool> enabled({.env = "DD_REMOTE_CONFIGURATION_ENABLED",
                                         .fallback = "true"});
constinit config::Setting<double> interval_s({.env = "DD_REMOTE_CONFIG_POLL_INTERVAL_SECONDS",
                                              .fallback = "5"});
constinit config::SettingBase* const kSettings[] = {&enabled, &interval_s};

constexpr int kMaxProducts = 16;
constexpr int kMaxFailures = 3;
constexpr std::size_t kMaxServices = 64;

std::string new_client_id() {
  char hex[32];
  base::random_uuid_hex(hex);
  std::string id(hex, 32);
  for (const std::size_t at : {20, 16, 12, 8}) id.insert(at, 1, '-');
  return id;
}

class Poller final : public transport::Job {
 public:
  void start(Options options);
  void subscribe(const Product& product);
  void note_service(std::string_view name);
  void know_agent() {
    next_ns_ = 0;
    transport::Worker::get().wake();
  }

  std::int64_t turn(const transport::Turn& turn) override;
  void forked(bool whole) override;

 private:
  void poll();
  void hear(const transport::Reply& reply);
  void hand_out(const Changes& changes);
  bool is_wanted(std::string_view product) const;

  static void change_library(std::span<Configuration* const> in_force);

  base::Mutex subscribing_;
  Product products_[kMaxProducts] = {};  // the first product_count_ never change
  std::atomic<int> product_count_{0};
  Options options_;

  // The worker's own.
  Repository* repository_ = nullptr;
  Client client_;
  std::int64_t next_ns_ = 0;
  int failures_ = 0;
  bool asking_ = false;
};

constinit Poller* the_poller = nullptr;

Poller& poller() {
  if (the_poller == nullptr) the_poller = new Poller;
  return *the_poller;
}

void Poller::start(Options options) {
  options_ = std::move(options);
  repository_ = new Repository;
  client_.id = new_client_id();
  client_.hostname = config::host_name();
  client_.tracer_version = options_.tracer_version;
  constexpr std::uint64_t kLibrary = bit(kSampleRate) | bit(kLogsInjection) | bit(kHeaderTags) |
                                     bit(kCustomTags) | bit(kTracingEnabled) |
                                     bit(kSampleRules) | bit(kMulticonfig);
  subscribe({"APM_TRACING", kLibrary, &change_library});
  transport::agent::on_info([](const transport::AgentInfo&) { the_poller->know_agent(); });
  transport::Worker::get().add(this);
}

void Poller::subscribe(const Product& product) {
  const base::MutexLock lock(subscribing_);
  const int count = product_count_.load(std::memory_order_relaxed);
  if (count == kMaxProducts) return;
  products_[count] = product;
  product_count_.store(count + 1, std::memory_order_release);
}

bool Poller::is_wanted(std::string_view name) const {
  const int count = product_count_.load(std::memory_order_acquire);
  return std::any_of(products_, products_ + count,
                     [&](const Product& product) { return product.name == name; });
}

std::int64_t Poller::turn(const transport::Turn& turn) {
  if (turn.stopping || asking_) return transport::kNever;
  if (turn.now_ns < next_ns_) return next_ns_;
  next_ns_ =
      turn.now_ns + static_cast<std::int64_t>(std::clamp(interval_s.get(), 0.1, 3600.0) * 1e9);
  const transport::AgentInfo* const info = transport::agent::info();
  if (info == nullptr || failures_ >= kMaxFailures) {
    failures_ = 0;
    transport::agent::ask_info();
  } else if (info->has_endpoint("/v0.7/config") || info->has_endpoint("v0.7/config")) {
    poll();
  }
  return next_ns_;
}

void Poller::poll() {
  transport::Destination* const agent = transport::agent::destination();
  if (agent == nullptr) return;
  const trace::ProcessFacts& facts = trace::Tracer::get().facts();
  client_.runtime_id = facts.runtime_id;
  client_.service = facts.service;
  client_.env = facts.env;
  client_.version = facts.version;
  client_.process_tags = config::parse_list(facts.process_tags);
  client_.products.clear();
  client_.capabilities = 0;
  const int count = product_count_.load(std::memory_order_acquire);
  for (int i = 0; i < count; ++i) {
    client_.products.emplace_back(products_[i].name);
    client_.capabilities |= products_[i].capabilities;
  }
  asking_ = agent->submit({.target = "/v0.7/config",
                           .headers = {{"user-agent", "Libdatadog/4.0.0"},
                                       {"content-type", "application/json"}},
                           .body = repository_->request(client_)},
                          [this](const transport::Reply& reply) { hear(reply); });
}

void Poller::hear(const transport::Reply& reply) {
  asking_ = false;
  transport::Worker::get().wake();  // the next poll has its time again
  if (!reply.ok()) {
    ++failures_;
    return;
  }
  failures_ = 0;
  const Changes changes = repository_->take(
      reply.body,
      [](std::string_view product, void* self) {
        return static_cast<const Poller*>(self)->is_wanted(product);
      },
      this);
  if (!changes.problem.empty())
    base::log(base::LogLevel::kDebug, "remote configuration refused: " + changes.problem);
  hand_out(changes);
}

void Poller::hand_out(const Changes& changes) {
  const int count = product_count_.load(std::memory_order_acquire);
  for (int i = 0; i < count; ++i) {
    const Product& product = products_[i];
    const auto is_its = [&](const auto& one) { return one->product == product.name; };
    if (std::ranges::none_of(changes.added, is_its) &&
        std::ranges::none_of(changes.removed, is_its))
      continue;
    const std::vector<Configuration*> in_force = repository_->of(product.name);
    if (product.changed != nullptr) product.changed(in_force);
    for (Configuration* one : in_force)
      if (one->state == ApplyState::kUnacknowledged) one->state = ApplyState::kAcknowledged;
  }
}

void Poller::note_service(std::string_view name) {
  auto& known = client_.extra_services;
  if (known.size() < kMaxServices && std::ranges::find(known, name) == known.end())
    known.emplace_back(name);
}

void Poller::forked(bool whole) {
  asking_ = false;
  next_ns_ = 0;
  failures_ = 0;
  if (!whole) repository_ = new Repository;  // the old one may be half written
  client_.id = new_client_id();
}

void Poller::change_library(std::span<Configuration* const> in_force) {
  const trace::ProcessFacts& facts = trace::Tracer::get().facts();
  static auto* const before = new LibraryConfig;
  const LibraryConfig now = merge(in_force, facts.service, facts.env);
  apply(now);
  if (now != *before && the_poller->options_.changed != nullptr)
    the_poller->options_.changed(*before, now);
  *before = now;
}

}  // namespace

std::span<config::SettingBase* const> settings() { return kSettings; }

bool wanted() { return enabled.get(); }

void start(Options options) {
  if (enabled.get()) poller().start(std::move(options));
}

void note_services(const trace::Delivery& delivery) {
  if (the_poller == nullptr) return;
  const std::string_view own = trace::Tracer::get().facts().service;
  const char* last = nullptr;  // spans of one service share its text
  for (std::uint32_t i = 0; i < delivery.count; ++i) {
    const std::string_view name = delivery.spans[i]->service.view();
    if (name.empty() || name.data() == last || name == own) continue;
    last = name.data();
    the_poller->note_service(name);
  }
}

void subscribe(const Product& product) { poller().subscribe(product); }

}  // namespace dd::remote_config
