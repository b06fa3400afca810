#include "core/telemetry/report.h"

#include <dirent.h>
#include <sys/utsname.h>

#include <cmath>

#include "core/config/identity.h"
#include "core/config/parse.h"
#include "core/json/json.h"
#include "core/telemetry/dependencies.h"

namespace dd::telemetry {
namespace {

constexpr std::size_t kMaxLogs = 100;

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
  field_or_null(out, "service_version", who.version);
  field_or_null(out, "env", who.env);
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

std::string_view origin_name(config::Origin origin) {
  constexpr std::string_view kNames[] = {
      "default", "local_stable_config", "env_var", "fleet_stable_config", "code", "remote_config"};
  return kNames[static_cast<int>(origin)];
}

void append_rows(std::span<config::SettingBase* const> settings, std::vector<Row>& out) {
  for (config::SettingBase* setting : settings) {
    if (setting->spec().secret) continue;
    for (int i = 0; i < config::kOrigins; ++i) {
      const auto origin = static_cast<config::Origin>(i);
      auto value = setting->shown(origin);
      if (!value && origin != config::Origin::kDefault) continue;
      out.push_back({std::string(setting->spec().env), value.value_or(""), value.has_value(),
                     std::string(origin_name(origin)), std::string(config::config_id(origin))});
    }
  }
}

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
      name.remove_suffix(10);
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

void Report::add(Integration what) {
  if (what.version.empty()) what.version = version_beside(what.file, what.package);
  integrations_.push_back(std::move(what));
}

void Report::add(Dependency what) {
  if (known_dependencies_.insert(what.name).second) dependencies_.push_back(std::move(what));
}

void Report::add_product(std::string name, bool enabled, std::string error) {
  products_.push_back({std::move(name), std::move(error), enabled});
}

void Report::add_log(Level level, std::string message, std::string tags, std::string stack) {
  LogKey key(level, std::move(message), std::move(tags), std::move(stack));
  if (logs_.size() >= kMaxLogs && !logs_.contains(key)) return;
  ++logs_[std::move(key)];
}

void Report::add_count(std::string name_space, std::string metric, std::string tags, double value) {
  if (value == 0 || !std::isfinite(value)) return;
  counts_[CountKey(std::move(name_space), std::move(metric), std::move(tags))] += value;
}

// The lists that two kinds of message have in common.
class Envelope {
 public:
  explicit Envelope(json::Writer& out) : out_(out) {}
  void rows(Report& report) {
    out_.key("configuration").open_array();
    for (const Row& row : report.rows_) {
      out_.open_object().field("name", row.name).key("value");
      if (row.has_value)
        out_.value(row.value);
      else
        out_.null();
      out_.field("origin", row.origin);
      field_or_null(out_, "config_id", row.config_id);
      out_.field("seq_id", ++report.row_sequence_).close();
    }
    out_.close();
    report.rows_.clear();
  }
  void products(Report& report, const Identity& who) {
    out_.key("products").open_object();
    for (const auto& one : report.products_) {
      out_.key(one.name).open_object().field("enabled", one.enabled);
      out_.field("version", who.tracer_version);
      field_or_null(out_, "error", one.error);
      out_.close();
    }
    out_.close();
    report.products_.clear();
  }

 private:
  json::Writer& out_;
};

Message Report::started(const Identity& who, std::int64_t now_s) {
  json::Writer out = envelope(who, now_s, ++sequence_, "app-started");
  out.key("payload").open_object();
  Envelope parts(out);
  parts.rows(*this);
  out.key("dependencies").open_array().close().key("integrations").open_array().close();
  parts.products(*this, who);
  const auto id = config::variable("DD_INSTRUMENTATION_INSTALL_ID");
  if (id) {
    out.key("install_signature").open_object().field("install_id", *id);
    out.field("install_type", config::variable("DD_INSTRUMENTATION_INSTALL_TYPE").value_or(""));
    out.field("install_time", config::variable("DD_INSTRUMENTATION_INSTALL_TIME").value_or(""));
    out.close();
  }
  out.close().close();
  return {"app-started", out.take()};
}

bool Report::empty() const {
  return integrations_.empty() && dependencies_.empty() && rows_.empty() && products_.empty() &&
         logs_.empty() && counts_.empty();
}

void Report::clear() { *this = Report(); }

Message Report::batch(const Identity& who, std::int64_t now_s, std::int64_t interval_s,
                      bool closing) {
  if (empty() && !closing) {
    json::Writer out = envelope(who, now_s, ++sequence_, "app-heartbeat");
    return {"app-heartbeat", out.close().take()};
  }
  json::Writer out = envelope(who, now_s, ++sequence_, "message-batch");
  out.key("payload").open_array();
  const auto open = [&out](std::string_view type) {
    out.open_object().field("request_type", type).key("payload").open_object();
  };
  Envelope parts(out);
  if (!dependencies_.empty()) {
    open("app-dependencies-loaded");
    out.key("dependencies").open_array();
    for (const Dependency& one : dependencies_) {
      out.open_object().field("name", one.name);
      field_or_null(out, "version", one.version);
      out.key("hash").null().key("metadata").null().close();
    }
    out.close().close().close();
    dependencies_.clear();
  }
  if (!integrations_.empty()) {
    open("app-integrations-change");
    out.key("integrations").open_array();
    for (const Integration& one : integrations_) {
      out.open_object().field("name", one.name).field("enabled", one.enabled);
      field_or_null(out, "version", one.version);
      out.field("compatible", one.compatible).field("auto_enabled", one.auto_enabled);
      field_or_null(out, "error", one.error);
      out.close();
    }
    out.close().close().close();
    integrations_.clear();
  }
  if (!products_.empty()) {
    open("app-product-change");
    parts.products(*this, who);
    out.close().close();
  }
  if (!rows_.empty()) {
    open("app-client-configuration-change");
    parts.rows(*this);
    out.close().close();
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
  if (!counts_.empty()) {
    open("generate-metrics");
    out.key("series").open_array();
    for (const auto& [key, value] : counts_) {
      const auto& [name_space, metric, tags] = key;
      out.open_object().field("namespace", name_space).field("metric", metric);
      out.key("points").open_array().open_array().value(now_s);
      out.raw(config::show(value)).close().close();
      out.key("tags").open_array();
      for (const std::string& tag : config::parse_list(tags)) out.value(tag);
      out.close().field("common", true).field("type", "count");
      out.field("interval", interval_s).close();
    }
    out.close().close().close();
    counts_.clear();
  }
  out.open_object().field("request_type", closing ? "app-closing" : "app-heartbeat").close();
  out.close().close();
  return {"message-batch", out.take()};
}

}  // namespace dd::telemetry
