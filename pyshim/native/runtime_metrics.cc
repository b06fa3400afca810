#include "pyshim/native/runtime_metrics.h"

#include <Python.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/fork.h"
#include "core/base/mutex.h"
#include "core/config/core_settings.h"
#include "core/config/parse.h"
#include "core/config/setting.h"
#include "core/py/at_fork.h"
#include "core/py/collector.h"
#include "core/py/gil.h"
#include "core/py/later.h"
#include "core/py/ref.h"
#include "core/statsd/runtime_metrics.h"
#include "core/trace/tracer.h"
#include "core/tracing/start.h"
#include "core/transport/container.h"

namespace dd::pyshim {
namespace {

using py::Handle;

constinit statsd::CollectorFigures figures;
constinit const char* tracer_version = "";

void on_collected(int generation, std::int64_t pause_ns) {
  figures.collections[std::clamp(generation, 0, 2)].fetch_add(1, std::memory_order_relaxed);
  figures.pause_ns.fetch_add(pause_ns, std::memory_order_relaxed);
  if (pause_ns > figures.longest_pause_ns.load(std::memory_order_relaxed))
    figures.longest_pause_ns.store(pause_ns, std::memory_order_relaxed);
}

// Tags that a program has given to all its spans (tracer.set_tags), but those of DD_TAGS, which are
// told anyhow.
constinit base::Mutex telling;
constinit std::string* program_tags DD_GUARDED_BY(telling) = nullptr;

void read_program_tags() {
  std::string text;
  const auto given = config::parse_pairs(config::tags.get());
  const auto is_given = [&given](Handle name, Handle value) {
    return std::ranges::any_of(given, [&](const auto& tag) {
      return tag.first == name.utf8() && tag.second == value.utf8();
    });
  };
  if (const Handle tags = tracing::common_tags(); tags.is_dict())
    tags.each_pair([&](Handle name, Handle value) {
      if (name.is_str() && value.is_str() && !is_given(name, value))
        text.append(",").append(name.utf8()).append(":").append(value.utf8());
    });
  const base::MutexLock lock(telling);
  if (program_tags == nullptr) program_tags = new std::string;
  *program_tags = std::move(text);
}

void read_counts() {
  read_program_tags();
  std::int64_t counts[3];
  py::read_collector_counts(counts);
  for (int i = 0; i < 3; ++i) figures.counts[i].store(counts[i], std::memory_order_relaxed);
}

void want_counts() { (void)py::call_later(&read_counts); }

bool flag(std::string_view name) {
  const auto value = config::variable(name);
  return value && config::parse_bool(*value).value_or(false);
}

std::string interpreter_version() {
  std::string version = PY_VERSION;
  if (version.ends_with('+')) version.pop_back();
  return version;
}

// On the worker.
std::string tags() {
  const trace::ProcessFacts& facts = trace::Tracer::get().facts();
  std::string out;
  const auto add = [&out](std::string_view name, std::string_view value) {
    if (!value.empty()) out.append(out.empty() ? "" : ",").append(config::statsd_tag(name, value));
  };
  add("dd.internal.entity_id", config::variable("DD_ENTITY_ID").value_or(""));
  add("service", facts.service.empty() ? "unnamed-python-service" : facts.service);
  add("env", facts.env);
  add("version", facts.version);
  for (const auto& [name, value] : facts.tags) add(name, value);
  {
    const base::MutexLock lock(telling);
    if (program_tags != nullptr) out += *program_tags;
  }
  add("lang", "python");
  add("lang_interpreter", "CPython");
  add("lang_version", interpreter_version());
  add("tracer_version", tracer_version);
  if (flag("DD_TRACE_EXPERIMENTAL_RUNTIME_ID_ENABLED") ||
      flag("DD_RUNTIME_METRICS_RUNTIME_ID_ENABLED"))
    add("runtime-id", facts.runtime_id);
  if (!facts.process_tags.empty()) out += "," + facts.process_tags;
  return out;
}

// Not told when the entity is.
std::string container() {
  const auto wanted = config::variable("DD_ORIGIN_DETECTION_ENABLED");
  if (config::variable("DD_ENTITY_ID").value_or("") != "" ||
      (wanted && !config::parse_bool(*wanted).value_or(true)))
    return {};
  return transport::container_identity().container_id;
}

bool as_gauges() {
  const auto features = config::variable("DD_TRACE_EXPERIMENTAL_FEATURES_ENABLED").value_or("");
  const std::vector<std::string> list = config::parse_list(features);
  return std::find(list.begin(), list.end(), "DD_RUNTIME_METRICS_ENABLED") != list.end();
}

}  // namespace

bool enable_runtime_metrics(const std::string& wanted) {
  const std::string url = wanted.empty() ? statsd::default_url() : wanted;
  statsd::Place place;
  if (!statsd::parse_url(url, place)) {
    PyErr_Format(PyExc_ValueError, "Unknown scheme for DogStatsD URL `%s`", url.c_str());
    return false;
  }
  if (statsd::sends_runtime_metrics()) return true;
  static bool watched = false;
  if (!std::exchange(watched, true)) {
    base::on_fork(base::ForkOrder::kProducts,
                  {.child = []() DD_NO_THREAD_SAFETY { telling.reset_after_fork(); }});
    py::call_at_fork(py::AtFork::kInChild, &statsd::resume_runtime_metrics);
  }
  (void)py::watch_collector(&on_collected);
  tracing::on_common_tags(&read_program_tags);
  read_counts();
  statsd::start_runtime_metrics({.to = place,
                                 .as_gauges = as_gauges(),
                                 .tags = &tags,
                                 .container = container(),
                                 .client_tags = "client:py,client_version:0.47.0,client_transport:",
                                 .next = &want_counts,
                                 .collector = &figures});
  return true;
}

void disable_runtime_metrics() {
  if (!statsd::sends_runtime_metrics()) return;
  py::leave_collector();
  read_counts();
  const py::GilGap gap;
  statsd::stop_runtime_metrics();
}

void name_tracer_version(const char* version) { tracer_version = version; }

bool runtime_metrics_wanted() {
  const auto exporter = config::variable("OTEL_METRICS_EXPORTER");
  return flag("DD_RUNTIME_METRICS_ENABLED") &&
         !(exporter && config::same_ignoring_case(*exporter, "none"));
}

}  // namespace dd::pyshim
