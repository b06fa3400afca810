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

#include "core/telemetry/telemetry.h"

namespace dd::telemetry {

struct Row {  // of the configuration
  std::string name;
  std::string value;
  bool has_value = true;
  std::string origin;
  std::string config_id = {};  // of a file; else empty
};
// Every origin of every setting that is not secret, weakest first.
void append_rows(std::span<config::SettingBase* const> settings, std::vector<Row>& out);
std::string_view origin_name(config::Origin origin);

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
  void add(Row what) { rows_.push_back(std::move(what)); }
  void add_product(std::string name, bool enabled, std::string error);
  void add_log(Level level, std::string message, std::string tags, std::string stack);
  void add_count(std::string name_space, std::string metric, std::string tags, double value);

  // The first message; takes the configuration and the products with it.
  Message started(const Identity& who, std::int64_t now_s);
  // All that came since, as one batch; `closing` adds the last word, otherwise a heartbeat.
  Message batch(const Identity& who, std::int64_t now_s, std::int64_t interval_s, bool closing);
  void clear();  // in a forked child
  bool empty() const;

 private:
  struct Product {
    std::string name, error;
    bool enabled;
  };
  using LogKey = std::tuple<Level, std::string, std::string, std::string>;
  using CountKey = std::tuple<std::string, std::string, std::string>;
  std::uint64_t sequence_ = 0, row_sequence_ = 0;
  std::vector<Integration> integrations_;
  std::vector<Dependency> dependencies_;
  std::set<std::string> known_dependencies_;
  std::vector<Row> rows_;
  std::vector<Product> products_;
  std::map<LogKey, int> logs_;
  std::map<CountKey, double> counts_;

  friend class Envelope;
};

}  // namespace dd::telemetry
