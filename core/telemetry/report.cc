#include "core/telemetry/report.h"

#include <dirent.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "core/config/identity.h"
#include "core/config/parse.h"
#include "core/json/json.h"
#include "core/telemetry/dependencies.h"

namespace dd::telemetry {
namespace {

constexpr std::size_t kMaxLogs = 100, kMaxEndpoints = 900;

void field_or_null(json::Writer& out, std::string_view name, std::string_view text) {
  out.key(name);
  if (text.empty())
    out.null();
  else
    out.value(text);
}

// What every message begins with; the caller writes the payload and closes.
json::Writer envelope(const Identity& who, std::int64_t now_s, std::uint64_t sequence,
                      std::string_view type) {
  utsname system{};
  uname(&system);
  const std::string host = config::host_name();
  json::Writer out;
  out.open_object().field("api_version", "v2").field("tracer_time", now_s);
  out.field("runtime_id", who.runtime_id).field("seq_id", sequence);
  out.key("application").open_object().field("service_name", who.service);
  if (!who.version.empty()) out.field("service_version", who.version);
  if (!who.env.empty()) out.field("env", who.env);
  out.field("language_name", "python").field("language_version", who.language_version);
  out.field("tracer_version", who.tracer_version).field("runtime_name", "CPython");
  out.field("runtime_version", who.language_version);
  if (!who.process_tags.empty()) out.field("process_tags", who.process_tags);
  out.close().key("host").open_object().field("hostname", std::string_view(host));
  out.field("os", system.sysname).field("architecture", system.machine);
  out.field("kernel_name", system.sysname).field("kernel_release", system.release);
  out.field("kernel_version", system.version).close();
  out.field("request_type", type);
  return out;
}

constexpr std::string_view kLevels[] = {"DEBUG", "WARN", "ERROR"};

}  // namespace

std::string version_beside(const std::string& file, std::string_view package) {
  const std::string wanted = normal_name(package);
  std::string at = file;
  // site-packages/flask/__init__.py and site-packages/flask.py: one or two folders up, at most
  // four.
  for (int up = 0; up < 4 && !package.empty(); ++up) {
    const std::size_t slash = at.rfind('/');
    if (slash == at.npos || slash == 0) break;
    at.resize(slash);
    DIR* const folder = opendir(at.c_str());
    if (!folder) continue;
    std::string found;
    while (const dirent* entry = readdir(folder)) {
      std::string_view name = entry->d_name;
      if (!name.ends_with(".dist-info") && !name.ends_with(".egg-info")) continue;
      name.remove_suffix(name.ends_with(".egg-info") ? 9 : 10);
      const std::size_t dash = name.find('-');
      if (dash == name.npos || normal_name(name.substr(0, dash)) != wanted) continue;
      name.remove_prefix(dash + 1);
      found = name.substr(0, name.find("-py"));
      break;
    }
    closedir(folder);
    if (!found.empty()) return found;
  }
  return {};
}

// The lists that several kinds of message have in common.
class Report::Writing {
 public:
  Writing(json::Writer& out, const Identity& who) : out_(out), who_(who) {}

  // Everything, or what is new; up to `end` it is said then.
  template <class T>
  void list(std::string_view key, List<T>& list, bool everything, std::size_t end = SIZE_MAX) {
    end = std::min(end, list.all.size());
    out_.key(key).open_array();
    for (std::size_t i = everything ? 0 : list.said; i < end; ++i) one(list.all[i]);
    out_.close();
    list.said = end;
  }
  void products(List<Product>& list, bool everything) {
    out_.key("products").open_object();
    for (std::size_t i = everything ? 0 : list.said; i < list.all.size(); ++i) {
      const Product& product = list.all[i];
      out_.key(product.name).open_object().field("enabled", product.enabled);
      out_.field("version", who_.tracer_version);
      field_or_null(out_, "error", product.error);
      out_.close();
    }
    out_.close();
    list.said = list.all.size();
  }
  void endpoints(const std::vector<Endpoint>& list, bool first) {
    out_.field("is_first", first).key("endpoints").open_array();
    for (const Endpoint& endpoint : list) {
      out_.open_object().field("method", endpoint.method).field("path", endpoint.path);
      out_.field("operation_name", endpoint.operation).field("resource_name", endpoint.resource);
      out_.key("request_body_type").null().key("response_body_type").null();
      out_.key("response_code");
      if (endpoint.status != 0)
        out_.open_array().value(endpoint.status).close();
      else
        out_.null();
      out_.close();
    }
    out_.close();
  }

 private:
  void one(const Dependency& dependency) {
    out_.open_object().field("name", dependency.name);
    field_or_null(out_, "version", dependency.version);
    out_.key("hash").null().key("metadata").null().close();
  }
  void one(const Integration& integration) {
    out_.open_object().field("name", integration.name).field("enabled", integration.enabled);
    field_or_null(out_, "version", integration.version);
    flag_or_null("compatible", integration.compatible);
    flag_or_null("auto_enabled", integration.auto_enabled);
    field_or_null(out_, "error", integration.error);
    out_.close();
  }
  void flag_or_null(std::string_view name, std::optional<bool> flag) {
    out_.key(name);
    if (flag)
      out_.value(*flag);
    else
      out_.null();
  }
  void one(const std::pair<Row, std::uint64_t>& numbered) {
    const auto& [row, sequence] = numbered;
    out_.open_object().field("name", row.name).key("value");
    if (row.has_value)
      out_.value(row.value);
    else
      out_.null();
    out_.field("origin", row.origin);
    field_or_null(out_, "config_id", row.config_id);
    out_.field("seq_id", sequence).close();
  }

  json::Writer& out_;
  const Identity& who_;
};

void Report::add(Integration what) {
  if (what.version.empty()) what.version = version_beside(what.file, what.package);
  integrations_.all.push_back(std::move(what));
}

void Report::add(Dependency what) {
  if (known_dependencies_.insert(what.name).second) dependencies_.all.push_back(std::move(what));
}

void Report::add(Row what) { rows_.all.emplace_back(std::move(what), rows_.all.size() + 1); }

void Report::add(Endpoint what) {
  if (known_endpoints_.size() < kMaxEndpoints &&
      known_endpoints_.emplace(what.method, what.path).second)
    endpoints_.push_back(std::move(what));
}

void Report::add_product(std::string name, bool enabled, std::string error) {
  products_.all.push_back({std::move(name), std::move(error), enabled});
}

void Report::add_log(Level level, std::string message, std::string tags, std::string stack) {
  LogKey key(level, std::move(message), std::move(tags), std::move(stack));
  if (logs_.size() >= kMaxLogs && !logs_.contains(key)) return;
  ++logs_[std::move(key)];
}

std::vector<Module> Report::new_ones_of(std::vector<Module> modules) {
  std::erase_if(modules,
                [this](const Module& one) { return !known_modules_.insert(one.name).second; });
  return modules;
}

Message Report::started(const Identity& who, std::int64_t now_s, std::size_t rows) {
  json::Writer out = envelope(who, now_s, ++sequence_, "app-started");
  out.key("payload").open_object();
  Writing parts(out, who);
  parts.list("configuration", rows_, true, rows);
  out.key("dependencies").open_array().close().key("integrations").open_array().close();
  const auto id = config::variable("DD_INSTRUMENTATION_INSTALL_ID");
  if (id) {
    out.key("install_signature").open_object().field("install_id", *id);
    out.field("install_type", config::variable("DD_INSTRUMENTATION_INSTALL_TYPE").value_or(""));
    out.field("install_time", config::variable("DD_INSTRUMENTATION_INSTALL_TIME").value_or(""));
    out.close();
  }
  parts.products(products_, true);
  out.close().close();
  return {"app-started", out.take()};
}

Message Report::extended(const Identity& who, std::int64_t now_s) {
  json::Writer out = envelope(who, now_s, ++sequence_, "app-extended-heartbeat");
  out.key("payload").open_object();
  Writing parts(out, who);
  parts.list("configuration", rows_, true);
  parts.list("dependencies", dependencies_, true);
  parts.list("integrations", integrations_, true);
  parts.products(products_, true);
  out.close().close();
  return {"app-extended-heartbeat", out.take()};
}

bool Report::empty() const {
  return !integrations_.has_news() && !dependencies_.has_news() && !rows_.has_news() &&
         !products_.has_news() && endpoints_.empty() && logs_.empty() && !metrics_.has_series() &&
         !metrics_.has_sketches();
}

void Report::clear() {
  sequence_ = 0;
  integrations_.said = integrations_.all.size();
  rows_.said = rows_.all.size();
  products_.said = products_.all.size();
  dependencies_.said = 0;  // the child tells them itself
  endpoints_.clear();
  logs_.clear();
  metrics_ = Metrics();
}

Message Report::batch(const Identity& who, std::int64_t now_s, std::int64_t interval_s,
                      std::string_view word) {
  constexpr std::string_view kAlone = "app-heartbeat";
  if (empty() && word == kAlone) {
    json::Writer out = envelope(who, now_s, ++sequence_, kAlone);
    return {std::string(kAlone), out.close().take()};
  }
  json::Writer out = envelope(who, now_s, ++sequence_, "message-batch");
  out.key("payload").open_array();
  const auto open = [&out](std::string_view type) {
    out.open_object().field("request_type", type).key("payload").open_object();
  };
  Writing parts(out, who);
  if (dependencies_.has_news()) {
    open("app-dependencies-loaded");
    parts.list("dependencies", dependencies_, false);
    out.close().close();
  }
  if (integrations_.has_news()) {
    open("app-integrations-change");
    parts.list("integrations", integrations_, false);
    out.close().close();
  }
  if (products_.has_news()) {
    open("app-product-change");
    parts.products(products_, false);
    out.close().close();
  }
  if (rows_.has_news()) {
    open("app-client-configuration-change");
    parts.list("configuration", rows_, false);
    out.close().close();
  }
  if (!endpoints_.empty()) {
    open("app-endpoints");
    parts.endpoints(endpoints_, !std::exchange(endpoints_said_, true));
    out.close().close();
    endpoints_.clear();
  }
  if (!logs_.empty()) {
    open("logs");
    out.key("logs").open_array();
    for (const auto& [key, number] : logs_) {
      const auto& [level, message, tags, stack] = key;
      out.open_object().field("message", message);
      out.field("level", kLevels[static_cast<int>(level)]).field("count", number);
      field_or_null(out, "stack_trace", stack);
      out.field("tags", tags).field("is_sensitive", false).field("is_crash", false).close();
    }
    out.close().close().close();
    logs_.clear();
  }
  if (metrics_.has_series()) {
    open("generate-metrics");
    metrics_.write_series(out, interval_s);
    out.close().close();
  }
  if (metrics_.has_sketches()) {
    open("sketches");
    metrics_.write_sketches(out, interval_s);
    out.close().close();
  }
  if (!word.empty()) out.open_object().field("request_type", word).close();
  out.close().close();
  return {"message-batch", out.take()};
}

}  // namespace dd::telemetry
