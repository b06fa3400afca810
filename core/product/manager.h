// Starts, stops and forks the products of a table, each behind its gate.
//
// start() goes through the table once. A product is off when it is not wanted or when something
// that it needs is not on; it has failed when its start() says so or throws; neither stops the
// others. A product that crashed the last process of this program is not started (safe_mode.h).

#pragma once

#include <atomic>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/product/product.h"

namespace dd::product {

struct Report {
  std::string_view name;
  State state;
  std::string why;
};

struct Options {
  std::span<const Row> table;  // is_in_order(); of static storage
  // The product that safe mode leaves out, and why; empty: none.
  std::string barred = {}, barred_why = {};
  // A product of telemetry's list is on, or is not any more. On the thread where that happens.
  void (*tell)(std::string name, bool on, std::string problem) = nullptr;
  // For tests: the name of a product that fails to start; behind a `!` throws; behind a `#`
  // crashes.
  std::string failing = {};
};

class Manager {  // one a process
 public:
  constexpr Manager() = default;
  Manager(const Manager&) = delete;
  static Manager& get();

  void start(Options options);
  // Products end in the order opposite to that of their start. Without the GIL.
  void stop();
  bool is_on(std::string_view name) const;
  // After start(): what became of each. Any thread.
  std::vector<Report> reports() const;
  // Without starting anything: what start() would do.
  static std::vector<Report> forecast(const Options& options);

  void tripped(Gate& gate);  // Gate::trip()
  // Something that belongs to the product `name` has failed beyond repair, in a thread of ours.
  void trip(const char* name, const std::string& problem);

 private:
  void start_one(const Row& row);
  void subscribe(const Row& row);
  static void prepare_fork();
  static void after_fork_parent();
  static void after_fork_child();

  const Options* options_ = nullptr;  // lives as long as the process
};

}  // namespace dd::product
