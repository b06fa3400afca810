#include "core/remote_config/remote_config.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "core/base/ids.h"
#include "core/base/log.h"
#include "core/base/mutex.h"
#include "core/config/identity.h"
#include "core/config/parse.h"
#include "core/json/json.h"
#include "core/remote_config/family.h"
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
constinit config::TextSetting director_root({.env = "DD_REMOTE_CONFIGURATION_DIRECTOR_ROOT"});
constinit config::SettingBase* const kSettings[] = {&enabled, &interval_s, &director_root};

constexpr int kMaxFailures = 3;
constexpr std::size_t kMaxServices = 64;
// Whoever asks has shown a sign of life with each of its turns.
constexpr double kStaleIntervals = 3;
constexpr std::int64_t kStaleNs = 1'000'000'000;

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
  void unsubscribe(std::string_view name);
  void pause() { paused_.store(true, std::memory_order_relaxed); }
  void set_more_capabilities(std::uint64_t bits) { more_capabilities_.store(bits); }
  void report_failure(std::string path, std::int64_t version, std::string why);
  void note_service(std::string_view name);
  void hear_failures();
  void know_agent() {
    next_ns_ = 0;
    transport::Worker::get().wake();
  }

  std::int64_t turn(const transport::Turn& turn) override;
  void forked(bool whole) override;

 private:
  void begin_anew();
  std::int64_t interval_ns() const;
  bool leads(std::int64_t now_ns);
  void look_at_family();
  void poll();
  void hear(const transport::Reply& reply);
  void hand_out(const Changes& changes);
  void accept_for_others(std::span<Configuration* const> added);
  void hand_to(const Product& product, const Changes& changes);
  void greet_fresh();
  std::vector<Product> products();

  base::Mutex subscribing_;
  std::vector<Product> products_ DD_GUARDED_BY(subscribing_);
  std::vector<std::string> fresh_ DD_GUARDED_BY(subscribing_);  // products_ that know nothing yet
  std::atomic<bool> has_fresh_{false}, paused_{false};
  struct Failure {
    std::string path, why;
    std::int64_t version;
  };
  std::vector<Failure> take_failures();
  std::vector<Failure> failures_told_ DD_GUARDED_BY(subscribing_);
  std::atomic<std::uint64_t> more_capabilities_{0};
  Options options_;

  // The worker's own.
  Repository* repository_ = nullptr;
  Family family_;
  std::uint64_t own_id_ = 0, seen_ = 0;  // in the family; what was published last
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
  (void)family_.open();  // without it each process asks for itself
  own_id_ = base::random_id();
  begin_anew();
  client_.hostname = config::host_name();
  client_.tracer_version = options_.tracer_version;
  transport::agent::on_info([](const transport::AgentInfo&) { the_poller->know_agent(); });
  transport::Worker::get().add(this);
}

void Poller::begin_anew() {
  seen_ = 0;
  repository_ = new Repository;
  if (!director_root.get().empty()) repository_->believe(director_root.get());
}

void Poller::subscribe(const Product& product) {
  const base::MutexLock lock(subscribing_);
  const auto old = std::ranges::find(products_, std::string_view(product.name), &Product::name);
  if (old != products_.end())
    *old = product;
  else
    products_.push_back(product);
  fresh_.emplace_back(product.name);
  has_fresh_.store(true, std::memory_order_release);
}

void Poller::unsubscribe(std::string_view name) {
  const base::MutexLock lock(subscribing_);
  std::erase_if(products_, [&](const Product& product) { return product.name == name; });
}

void Poller::report_failure(std::string path, std::int64_t version, std::string why) {
  const base::MutexLock lock(subscribing_);
  failures_told_.push_back({std::move(path), std::move(why), version});
}

std::vector<Poller::Failure> Poller::take_failures() {
  const base::MutexLock lock(subscribing_);
  return std::exchange(failures_told_, {});
}

std::vector<Product> Poller::products() {
  const base::MutexLock lock(subscribing_);
  return products_;
}

std::int64_t Poller::interval_ns() const {
  return static_cast<std::int64_t>(std::clamp(interval_s.get(), 0.1, 3600.0) * 1e9);
}

bool Poller::leads(std::int64_t now_ns) {
  if (!family_.is_open()) return true;
  const auto stale =
      static_cast<std::int64_t>(kStaleIntervals * static_cast<double>(interval_ns()));
  return family_.lead(own_id_, now_ns, std::max(stale, kStaleNs));
}

// What another process was answered; and what it should ask for besides.
void Poller::look_at_family() {
  std::uint64_t capabilities = more_capabilities_.load();
  for (const Product& product : products()) {
    family_.put_down(Family::List::kProducts, product.name);
    capabilities |= product.capabilities;
  }
  family_.want_capabilities(capabilities);
  for (const std::string& name : client_.extra_services)
    family_.put_down(Family::List::kServices, name);
  for (const Failure& one : take_failures()) {
    repository_->fail(one.path, one.version, one.why);
    std::string told = std::to_string(one.version) + "\n" + one.path + "\n" + one.why;
    told.resize(std::min(told.size(), Family::kMostText));
    family_.put_down(Family::List::kFailures, told);
  }
  if (const auto text = family_.news(seen_)) hand_out(repository_->adopt(*text));
}

std::int64_t Poller::turn(const transport::Turn& turn) {
  if (turn.stopping || paused_.load(std::memory_order_relaxed)) {
    if (family_.is_open()) family_.resign(own_id_);
    return transport::kNever;
  }
  if (has_fresh_.load(std::memory_order_acquire)) greet_fresh();
  if (asking_) return transport::kNever;
  if (turn.now_ns < next_ns_) return next_ns_;
  if (!leads(turn.now_ns)) {
    next_ns_ = turn.now_ns + interval_ns() / 2;
    look_at_family();
    return next_ns_;
  }
  next_ns_ = turn.now_ns + interval_ns();
  const transport::AgentInfo* const info = transport::agent::info();
  if (info == nullptr || failures_ >= kMaxFailures) {
    failures_ = 0;
    transport::agent::ask_info();
  } else if (info->has_endpoint("/v0.7/config") || info->has_endpoint("v0.7/config")) {
    poll();
  }
  return next_ns_;
}

// What callbacks of other members raised: the agent hears it from this one.
void Poller::hear_failures() {
  for (const std::string& told : family_.names(Family::List::kFailures)) {
    const std::size_t path = told.find('\n') + 1, why = told.find('\n', path) + 1;
    const std::optional<std::int64_t> version = config::parse_int(told.substr(0, path));
    if (version && why != 0)
      repository_->fail(told.substr(path, why - path - 1), *version, told.substr(why));
  }
}

void Poller::poll() {
  transport::Destination* const agent = transport::agent::destination();
  if (agent == nullptr) return;
  const trace::ProcessFacts& facts = trace::Tracer::get().facts();
  if (client_.id.empty()) client_.id = new_client_id();
  client_.runtime_id = facts.runtime_id;
  client_.service = facts.service;
  client_.env = facts.env;
  client_.version = facts.version;
  client_.process_tags = config::parse_list(facts.process_tags);
  client_.tags = facts.tags;
  client_.tags.emplace_back("git.repository_url", facts.git_repository);
  client_.tags.emplace_back("git.commit.sha", facts.git_commit);
  client_.products.clear();
  client_.capabilities = more_capabilities_.load();
  for (const Product& product : products()) {
    client_.products.emplace_back(product.name);
    client_.capabilities |= product.capabilities;
  }
  if (family_.is_open()) {
    client_.capabilities |= family_.capabilities();
    for (std::string& name : family_.names(Family::List::kProducts))
      if (std::ranges::find(client_.products, name) == client_.products.end())
        client_.products.push_back(std::move(name));
    for (const std::string& name : family_.names(Family::List::kServices)) note_service(name);
    hear_failures();
  }
  for (const Failure& one : take_failures()) repository_->fail(one.path, one.version, one.why);
  asking_ = agent->submit(
      {.target = "/v0.7/config",
       .headers = {{"user-agent", "Libdatadog/4.0.0"}, {"content-type", "application/json"}},
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
  const Changes changes = repository_->take(reply.body);
  if (family_.is_open() && (seen_ == 0 || !changes.added.empty() || !changes.removed.empty()))
    family_.publish(repository_->written(), seen_);
  if (!changes.problem.empty())
    base::log(base::LogLevel::kDebug, "remote configuration refused: " + changes.problem);
  hand_out(changes);
}

// Calls what a product has for this, through its gate.
void call(const Product& product, std::span<Configuration* const> in_force) {
  if (product.enter == nullptr) return product.changed(in_force);
  struct Call {
    const Product& product;
    std::span<Configuration* const> in_force;
  } what{product, in_force};
  const bool called = product.enter(
      product.gate,
      [](void* data) {
        const auto* const one = static_cast<const Call*>(data);
        one->product.changed(one->in_force);
      },
      &what);
  if (called) return;
  for (Configuration* one : in_force)
    if (one->state == ApplyState::kUnacknowledged)
      one->fail(std::string(product.name) + " could not be applied");
}

void Poller::hand_to(const Product& product, const Changes& changes) {
  const auto is_its = [&](const auto& one) { return one->product == product.name; };
  if (std::ranges::none_of(changes.added, is_its) && std::ranges::none_of(changes.removed, is_its))
    return;
  const std::vector<Configuration*> in_force = repository_->of(product.name);
  if (product.changed != nullptr) call(product, in_force);
  if (product.news != nullptr) {
    std::vector<Configuration*> added;
    std::ranges::copy_if(changes.added, std::back_inserter(added), is_its);
    product.news(product, added, changes.removed);
  }
  for (Configuration* one : in_force)
    if (one->state == ApplyState::kUnacknowledged) one->state = ApplyState::kAcknowledged;
}

void Poller::hand_out(const Changes& changes) {
  for (Configuration* one : changes.added)
    if (!json::parse(one->content)) one->fail("invalid JSON content");
  for (const Product& product : products()) hand_to(product, changes);
  if (base::log_wants(base::LogLevel::kDebug))
    base::log(base::LogLevel::kDebug,
              "remote configuration: " + std::to_string(changes.added.size()) + " came, " +
                  std::to_string(changes.removed.size()) + " went");
  accept_for_others(changes.added);
}

// What only other processes of the family wanted.
void Poller::accept_for_others(std::span<Configuration* const> added) {
  if (added.empty() || !family_.is_open()) return;
  const std::vector<std::string> wanted = family_.names(Family::List::kProducts);
  for (Configuration* one : added)
    if (one->state == ApplyState::kUnacknowledged &&
        std::ranges::find(wanted, one->product) != wanted.end())
      one->state = ApplyState::kAcknowledged;
}

void Poller::greet_fresh() {
  std::vector<std::string> names;
  {
    const base::MutexLock lock(subscribing_);
    names = std::exchange(fresh_, {});
    has_fresh_.store(false, std::memory_order_relaxed);
  }
  for (const Product& product : products())
    if (std::ranges::find(names, product.name) != names.end())
      hand_to(product,
              Changes{.removed = {}, .added = repository_->of(product.name), .problem = {}});
}

void Poller::note_service(std::string_view name) {
  auto& known = client_.extra_services;
  if (known.size() < kMaxServices && std::ranges::find(known, name) == known.end())
    known.emplace_back(name);
}

void Poller::forked(bool whole) {
  subscribing_.reset_after_fork();
  asking_ = false;
  next_ns_ = 0;
  failures_ = 0;
  if (!whole) begin_anew();  // the old one may be half written
  client_.id.clear();        // a new one with its first question
  own_id_ = base::random_id();
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

void unsubscribe(std::string_view name) { poller().unsubscribe(name); }

void pause() { poller().pause(); }

void set_more_capabilities(std::uint64_t bits) { poller().set_more_capabilities(bits); }

void report_failure(std::string path, std::int64_t version, std::string why) {
  poller().report_failure(std::move(path), version, std::move(why));
}

}  // namespace dd::remote_config
