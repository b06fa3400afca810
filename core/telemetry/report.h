// What one process has to say, and its JSON. No threads, no network: telemetry.cc feeds it on the
// worker.

#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "core/telemetry/metrics.h"
#include "core/telemetry/reported.h"
#include "core/telemetry/telemetry.h"

namespace dd::json {
class Writer;
}

namespace dd::telemetry {

// The version of `package` as the names of folders say: "flask-3.1.3.dist-info" beside the package
// that `file` is in. Empty when there is none.
std::string version_beside(const std::string& file, std::string_view package);

struct Identity {
  std::string service, env, version, runtime_id, process_tags;
  std::string language_version, tracer_version;
};

struct Message {
  std::string type;  // "app-started"; "message-batch" when there is more than one
  std::string body;
};

class Report {
 public:
  void add(Integration what);
  void add(Dependency what);  // each name once
  void add(Row what);
  void add(Endpoint what);  // each method and path once
  void add_product(std::string name, bool enabled, std::string error);
  void add_log(Level level, std::string message, std::string tags, std::string stack);
  Metrics& metrics() { return metrics_; }

  std::size_t rows() const { return rows_.all.size(); }
  // Those that were not given before.
  std::vector<Module> new_ones_of(std::vector<Module> modules);

  // The first message, with that many rows of the configuration and the products known by now.
  Message started(const Identity& who, std::int64_t now_s, std::size_t rows);
  // All that came since, as one batch that ends with `word`: "app-heartbeat", "app-closing",
  // or none.
  Message batch(const Identity& who, std::int64_t now_s, std::int64_t interval_s,
                std::string_view word);
  // Everything said so far, once more.
  Message extended(const Identity& who, std::int64_t now_s);
  void clear();  // in a forked child; the products and the configuration stay known
  bool empty() const;

 private:
  struct Product {
    std::string name, error;
    bool enabled;
  };
  template <class T>
  struct List {  // what was said is kept for extended heartbeats
    std::vector<T> all;
    std::size_t said = 0;
    bool has_news() const { return said < all.size(); }
  };
  using LogKey = std::tuple<Level, std::string, std::string, std::string>;
  class Writing;

  std::uint64_t sequence_ = 0;
  List<Integration> integrations_;
  List<Dependency> dependencies_;
  List<std::pair<Row, std::uint64_t>> rows_;  // with their sequence number
  List<Product> products_;
  std::vector<Endpoint> endpoints_;
  std::set<std::string> known_dependencies_, known_modules_;
  std::set<std::pair<std::string, std::string>> known_endpoints_;
  bool endpoints_said_ = false;
  std::map<LogKey, int> logs_;
  Metrics metrics_;
};

}  // namespace dd::telemetry
