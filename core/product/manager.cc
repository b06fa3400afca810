#include "core/product/manager.h"

#include <csignal>
#include <stdexcept>
#include <utility>

#include "core/base/log.h"

namespace dd::product {
namespace {

constinit Manager the_manager;

struct Decision {
  State state = State::kOff;
  std::string why;
};

// `is_on` says whether a product that this one needs runs.
template <class F>
Decision decide(const Row& row, const Options& options, F&& is_on) {
  const Wanted wanted = row.product->wanted ? row.product->wanted() : Wanted{true, {}};
  if (!wanted.on) return {State::kOff, std::string(wanted.why)};
  for (const char* const need : row.needs)
    if (need != nullptr && !is_on(need)) return {State::kOff, std::string("needs ") + need};
  if (options.barred == row.name) return {State::kBarred, options.barred_why};
  return {State::kOn, std::string(wanted.why)};
}

// Tests only.
Status fail_as_told(const std::string& how, const char* name) {
  if (how == name) return Status::error("told to fail");
  if (how.substr(1) != name) return {};
  if (how[0] == '!') throw std::runtime_error("told to throw");
  if (how[0] == '#') std::raise(SIGSEGV);
  return {};
}

}  // namespace

Manager& Manager::get() { return the_manager; }

void Manager::start(Options options) {
  options_ = new Options(std::move(options));
  bool forks = false;
  for (const Row& row : options_->table) {
    start_one(row);
    const base::ForkHandler& fork = row.product->fork;
    forks = forks || fork.prepare || fork.parent || fork.child;
  }
  if (forks)
    base::on_fork(base::ForkOrder::kProducts, {&Manager::prepare_fork, &Manager::after_fork_parent,
                                               &Manager::after_fork_child});
}

void Manager::start_one(const Row& row) {
  Gate& gate = *row.product->gate;
  gate.name_ = row.name;
  Decision decision = decide(row, *options_, [this](std::string_view need) { return is_on(need); });
  if (decision.state == State::kBarred)
    base::log(base::LogLevel::kWarning, "safe mode: product " + std::string(row.name) +
                                            " is off, the rest goes on: " + decision.why);
  if (decision.state != State::kOn) return gate.set(decision.state, std::move(decision.why));
  Status status;
  gate.faults_.store(Gate::kMaxFaults - 1, std::memory_order_relaxed);  // one is enough here
  gate.set(State::kOn, std::move(decision.why));
  const bool returned = gate.enter([&] {
    if (!options_->failing.empty()) [[unlikely]]
      status = fail_as_told(options_->failing, row.name);
    if (status.ok() && row.product->start != nullptr) status = row.product->start();
  });
  if (returned && !status.ok()) gate.trip(status.message());
  if (!gate.open()) return;
  gate.faults_.store(0, std::memory_order_relaxed);
  subscribe(row);
  if (row.product->told && options_->tell != nullptr) options_->tell(row.name, true, {});
}

void Manager::subscribe(const Row& row) {
  if (row.product->remote == nullptr) return;
  for (const remote_config::Product& one : row.product->remote()) {
    remote_config::Product guarded = one;
    guarded.gate = row.product->gate;
    guarded.enter = [](void* gate, void (*call)(void*), void* what) {
      return static_cast<Gate*>(gate)->enter([&] { call(what); });
    };
    remote_config::subscribe(guarded);
  }
}

void Manager::tripped(Gate& gate) {
  if (options_ == nullptr) return;
  for (const Row& row : options_->table) {
    if (row.product->gate != &gate) continue;
    if (row.product->remote != nullptr)
      for (const remote_config::Product& one : row.product->remote())
        remote_config::unsubscribe(one.name);
    if (row.product->failed != nullptr) row.product->failed();
    if (row.product->told && options_->tell != nullptr) options_->tell(row.name, false, gate.why());
  }
}

void Manager::trip(const char* name, const std::string& problem) {
  if (options_ == nullptr || name == nullptr) return;
  for (const Row& row : options_->table)
    if (std::string_view(row.name) == name) row.product->gate->trip(problem);
}

void Manager::stop() {
  if (options_ == nullptr) return;
  for (std::size_t i = options_->table.size(); i-- > 0;) {
    const Product& product = *options_->table[i].product;
    if (product.stop != nullptr) product.gate->enter(product.stop);
  }
}

bool Manager::is_on(std::string_view name) const {
  if (options_ == nullptr) return false;
  for (const Row& row : options_->table)
    if (row.name == name) return row.product->gate->open();
  return false;
}

std::vector<Report> Manager::reports() const {
  std::vector<Report> out;
  if (options_ == nullptr) return out;
  for (const Row& row : options_->table)
    out.push_back({row.name, row.product->gate->state(), row.product->gate->why()});
  return out;
}

std::vector<Report> Manager::forecast(const Options& options) {
  std::vector<Report> out;
  const auto is_on = [&out](std::string_view name) {
    for (const Report& report : out)
      if (report.name == name) return report.state == State::kOn;
    return false;
  };
  for (const Row& row : options.table) {
    Decision decision = decide(row, options, is_on);
    out.push_back({row.name, decision.state, std::move(decision.why)});
  }
  return out;
}

void Manager::prepare_fork() {
  for (std::size_t i = the_manager.options_->table.size(); i-- > 0;) {
    const Product& product = *the_manager.options_->table[i].product;
    if (product.fork.prepare != nullptr) product.gate->enter(product.fork.prepare);
  }
}

void Manager::after_fork_parent() {
  for (const Row& row : the_manager.options_->table)
    if (row.product->fork.parent != nullptr) row.product->gate->enter(row.product->fork.parent);
}

void Manager::after_fork_child() {
  for (const Row& row : the_manager.options_->table)
    if (row.product->fork.child != nullptr) row.product->gate->enter(row.product->fork.child);
}

}  // namespace dd::product
