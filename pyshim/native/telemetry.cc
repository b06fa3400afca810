#include "pyshim/native/telemetry.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/py/gil.h"
#include "core/py/ref.h"
#include "core/telemetry/metrics.h"
#include "core/telemetry/telemetry.h"

namespace dd::pyshim {
namespace {

using py::Handle;

std::optional<telemetry::MetricKind> kind_of(std::string_view name) {
  if (name == "count") return telemetry::MetricKind::kCount;
  if (name == "gauge") return telemetry::MetricKind::kGauge;
  if (name == "rate") return telemetry::MetricKind::kRate;
  if (name == "distribution") return telemetry::MetricKind::kDistribution;
  return std::nullopt;
}

telemetry::Level level_of(std::string_view name) {
  if (name == "ERROR") return telemetry::Level::kError;
  return name == "DEBUG" ? telemetry::Level::kDebug : telemetry::Level::kWarn;
}

bool is_origin(std::string_view name) {
  constexpr std::string_view kOrigins[] = {
      "default",      "code",          "env_var", "fleet_stable_config", "local_stable_config",
      "otel_env_var", "remote_config", "unknown"};
  return std::ranges::find(kOrigins, name) != std::end(kOrigins);
}

std::optional<bool> flag_of(Handle value) {
  if (value.ptr() == Py_None) return std::nullopt;
  return PyObject_IsTrue(value.ptr()) == 1;
}

}  // namespace

PyObject* telemetry_enabled(PyObject*, PyObject*) { return PyBool_FromLong(telemetry::enabled()); }

PyObject* telemetry_metric(PyObject*, PyObject* args) {
  const char *kind_name, *name_space, *name, *tags;
  double value;
  if (!PyArg_ParseTuple(args, "sssds:telemetry_metric", &kind_name, &name_space, &name, &value,
                        &tags))
    return nullptr;
  const std::optional<telemetry::MetricKind> kind = kind_of(kind_name);
  if (!kind) return PyErr_Format(PyExc_ValueError, "there is no metric type %s", kind_name);
  telemetry::metric(*kind, name_space, name, value, tags);
  return py::none().release();
}

PyObject* telemetry_log(PyObject*, PyObject* args) {
  const char *level, *message, *tags, *stack;
  if (!PyArg_ParseTuple(args, "ssss:telemetry_log", &level, &message, &tags, &stack))
    return nullptr;
  telemetry::log(level_of(level), message, tags, stack);
  return py::none().release();
}

PyObject* telemetry_configuration(PyObject*, PyObject* args) {
  const char *name, *value, *origin, *id;
  if (!PyArg_ParseTuple(args, "szss:telemetry_configuration", &name, &value, &origin, &id))
    return nullptr;
  telemetry::configuration(name, value, is_origin(origin) ? origin : "unknown", id);
  return py::none().release();
}

PyObject* telemetry_integration(PyObject*, PyObject* args) {
  const char *name, *error, *version;
  int enabled;
  PyObject* automatic;
  if (!PyArg_ParseTuple(args, "spOzs:telemetry_integration", &name, &enabled, &automatic, &error,
                        &version))
    return nullptr;
  telemetry::Integration what{.name = name,
                              .version = version,
                              .package = {},
                              .file = {},
                              .enabled = enabled != 0,
                              .compatible = std::nullopt,
                              .auto_enabled = flag_of(automatic),
                              .error = {}};
  if (error != nullptr) {
    what.error = error;
    what.compatible = what.error.empty();
  }
  telemetry::integration(std::move(what));
  return py::none().release();
}

PyObject* telemetry_product(PyObject*, PyObject* args) {
  const char* name;
  int enabled;
  if (!PyArg_ParseTuple(args, "sp:telemetry_product", &name, &enabled)) return nullptr;
  telemetry::product(name, enabled != 0);
  return py::none().release();
}

PyObject* telemetry_flush(PyObject*, PyObject* args) {
  int last;
  double seconds;
  if (!PyArg_ParseTuple(args, "pd:telemetry_flush", &last, &seconds)) return nullptr;
  bool done;
  {
    const py::GilGap gap;
    done = telemetry::flush(last != 0, static_cast<std::int64_t>(seconds * 1e9));
  }
  return PyBool_FromLong(done);
}

}  // namespace dd::pyshim
