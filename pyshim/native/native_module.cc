#include "pyshim/native/native_module.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "core/base/ids.h"
#include "core/base/log_history.h"
#include "core/config/core_settings.h"
#include "core/http/redact.h"
#include "core/propagation/propagation.h"
#include "core/py/gil.h"
#include "core/py/method.h"
#include "core/py/ref.h"
#include "core/sampling/sampling.h"
#include "core/statsd/runtime_metrics.h"
#include "core/trace/facts.h"
#include "core/trace/tracer.h"
#include "core/tracing/activation.h"
#include "core/tracing/carrier.h"
#include "core/tracing/context_object.h"
#include "core/tracing/hub_events.h"
#include "core/tracing/link_object.h"
#include "core/tracing/pack.h"
#include "core/tracing/processors.h"
#include "core/tracing/span_object.h"
#include "core/tracing/tracer_object.h"
#include "core/transport/agent.h"
#include "core/transport/agent_sink.h"
#include "core/transport/stats_sink.h"
#include "pyshim/native/batch_object.h"
#include "pyshim/native/posting.h"
#include "pyshim/native/remote_config.h"
#include "pyshim/native/runtime_metrics.h"
#include "pyshim/native/statsd_object.h"
#include "pyshim/native/telemetry.h"

namespace dd::pyshim {
namespace {

using py::Handle;
using py::Ref;

PyObject* or_none(Ref value) {
  if (PyErr_Occurred()) return nullptr;
  return value ? value.release() : py::none().release();
}

PyObject* active(PyObject*, PyObject*) { return or_none(tracing::active_object()); }
PyObject* variable_active(PyObject*, PyObject*) { return or_none(tracing::variable_active()); }
PyObject* open_above(PyObject*, PyObject* span) { return or_none(tracing::open_above(span)); }

// Of a logger of Python's; its levels are tens.
PyObject* remember_line(PyObject*, PyObject* args) {
  int level = 0;
  const char *logger = nullptr, *message = nullptr;
  if (!PyArg_ParseTuple(args, "iss:remember_line", &level, &logger, &message)) return nullptr;
  base::remember_line(level >= 40   ? base::LogLevel::kError
                      : level >= 30 ? base::LogLevel::kWarning
                      : level >= 20 ? base::LogLevel::kInfo
                                    : base::LogLevel::kDebug,
                      message, logger);
  return py::none().release();
}

PyObject* activate(PyObject*, PyObject* value) {
  tracing::set_active(value);
  return PyErr_Occurred() ? nullptr : py::none().release();
}
PyObject* set_variable(PyObject*, PyObject* value) {
  tracing::set_variable(value);
  return py::none().release();
}

PyObject* agent_url(PyObject*, PyObject*) {
  return py::str(transport::agent_sink::agent_url()).release();
}

PyObject* partial_flush(PyObject*, PyObject* args) {
  PyObject* least = Py_None;
  if (!PyArg_ParseTuple(args, "|O:partial_flush", &least)) return nullptr;
  trace::Tracer& tracer = trace::Tracer::get();
  if (least != Py_None) {
    const long number = PyLong_AsLong(least);
    if (number == -1 && PyErr_Occurred()) return nullptr;
    trace::ProcessFacts facts = tracer.facts();
    facts.partial_flush_min = number < 0 ? 0 : static_cast<std::uint32_t>(number);
    tracer.set_facts(std::move(facts));
  }
  return PyLong_FromUnsignedLong(tracer.facts().partial_flush_min);
}

PyObject* set_provider(PyObject*, PyObject* value) {
  tracing::set_provider(value == Py_None ? Handle() : Handle(value));
  return py::none().release();
}

PyObject* set_processors(PyObject*, PyObject* value) {
  tracing::set_processors(value == Py_None ? Handle() : Handle(value));
  return py::none().release();
}

PyObject* set_writer(PyObject*, PyObject* value) {
  tracing::set_writer(value == Py_None ? Handle() : Handle(value));
  return py::none().release();
}

// Spans that the writer in charge is being given now go on as if it were not there.
PyObject* pass_on(PyObject*, PyObject* spans) { return PyBool_FromLong(tracing::pass_on(spans)); }

PyObject* set_listeners(PyObject*, PyObject* args) {
  PyObject *on_start, *on_finish;
  if (!PyArg_ParseTuple(args, "OO:set_listeners", &on_start, &on_finish)) return nullptr;
  tracing::set_listeners(on_start == Py_None ? Handle() : Handle(on_start),
                         on_finish == Py_None ? Handle() : Handle(on_finish));
  return py::none().release();
}

PyObject* flatten(PyObject*, PyObject* args) {
  PyObject *key, *value;
  if (!PyArg_ParseTuple(args, "OO:flatten_key_value", &key, &value)) return nullptr;
  Ref dict = py::dict();
  tracing::flatten(dict, key, value);
  return dict.release();
}

PyObject* is_sequence(PyObject*, PyObject* value) {
  return PyBool_FromLong(PyList_Check(value) || PyTuple_Check(value) || PyAnySet_Check(value));
}

PyObject* random_id(PyObject*, PyObject*) { return PyLong_FromUnsignedLongLong(base::random_id()); }

// An event of the hub and who hears it; None for nobody.
PyObject* set_event(PyObject*, PyObject* args) {
  const char* name;
  PyObject* listener;
  if (!PyArg_ParseTuple(args, "sO:set_event", &name, &listener)) return nullptr;
  return PyBool_FromLong(
      tracing::set_hub_listener(name, listener == Py_None ? Handle() : Handle(listener)));
}

PyObject* set_sampler(PyObject*, PyObject* value) {
  tracing::set_sampler(value == Py_None ? Handle() : Handle(value));
  return py::none().release();
}

// Rules as JSON text, and how many traces a second they may keep.
PyObject* set_sampling_rules(PyObject*, PyObject* args) {
  const char* rules;
  long long limit;
  if (!PyArg_ParseTuple(args, "sL:set_sampling_rules", &rules, &limit)) return nullptr;
  sampling::Config config = sampling::config_from_settings();
  config.rules = sampling::parse_rules(rules);
  config.limit_per_second = limit;
  sampling::configure(std::move(config));
  return py::none().release();
}

// The names that services get instead of their own.
PyObject* set_service_mapping(PyObject*, PyObject* mapping) {
  trace::Tracer& tracer = trace::Tracer::get();
  trace::ProcessFacts facts = tracer.facts();
  facts.service_mapping.clear();
  Handle(mapping).each_pair(
      [&](Handle from, Handle to) { facts.service_mapping.emplace_back(from.text(), to.text()); });
  tracer.set_facts(std::move(facts));
  return or_none(Ref());
}

// Whether traces are there for a security product only; told, it is so from now on.
PyObject* opt_out(PyObject*, PyObject* args) {
  PyObject* on = Py_None;
  if (!PyArg_ParseTuple(args, "|O:opt_out", &on)) return nullptr;
  static constinit std::optional<bool> given;
  if (on != Py_None) {
    given = PyObject_IsTrue(on) == 1;
    config::apm_tracing_enabled.set(!*given);
    propagation::reload_options();
    sampling::Config config = sampling::config_from_settings();
    config.opt_out = *given;
    sampling::configure(std::move(config));
  }
  return PyBool_FromLong(given.value_or(config::apm_opt_out()));
}

PyObject* set_agent_rates(PyObject*, PyObject* mapping) {
  sampling::Rates rates;
  Handle(mapping).each_pair([&](Handle key, Handle rate) { rates[key.text()] = rate.number(1); });
  sampling::update_agent_rates(std::move(rates));
  return or_none(Ref());
}

PyObject* set_test_session_token(PyObject*, PyObject* token) {
  transport::agent::set_test_session_token(token == Py_None ? "" : Handle(token).text());
  return py::none().release();
}

// The counts of spans since the process started.
PyObject* counts(PyObject*, PyObject*) {
  const trace::Counts all = trace::Tracer::get().counts();
  const Ref dict = py::dict();
  for (const auto& [name, value] :
       {std::pair{"created", all.spans_created}, std::pair{"finished", all.spans_finished},
        std::pair{"delivered", all.spans_delivered}, std::pair{"dropped", all.spans_dropped_unsent},
        std::pair{"abandoned", all.spans_abandoned}})
    (void)dict.set_item(name, py::unsigned_integer(value));
  return dict.share().release();
}

PyObject* inject(PyObject*, PyObject* const* args, Py_ssize_t count) {
  if (count != 2)
    return PyErr_Format(PyExc_TypeError, "inject() takes 2 arguments (%zd given)", count);
  PyObject *const source = args[0], *const headers = args[1];
  if (!tracing::is_span(source) && !tracing::is_context(source))
    return PyErr_Format(PyExc_AttributeError, "'%s' object has no attribute 'sampling_priority'",
                        Py_TYPE(source)->tp_name);
  const PyMappingMethods* const mapping = Py_TYPE(headers)->tp_as_mapping;
  if (mapping == nullptr || mapping->mp_ass_subscript == nullptr)
    return PyErr_Format(PyExc_TypeError, "'%s' object does not support item assignment",
                        Py_TYPE(headers)->tp_name);
  tracing::inject(source, headers);
  return py::none().release();
}

PyObject* extract(PyObject*, PyObject* headers) { return tracing::extract(headers).release(); }

PyObject* otel_enabled(PyObject*, PyObject*) { return PyBool_FromLong(config::otel_enabled.get()); }

// (variable, its text or None): what the program says from now on, above the environment.
PyObject* set_setting(PyObject*, PyObject* args) {
  const char *variable, *text;
  if (!PyArg_ParseTuple(args, "sz:set_setting", &variable, &text)) return nullptr;
  config::SettingBase* const setting = config::find_declared(variable);
  if (setting == nullptr) return py::none().release();
  const std::optional<std::string> before = setting->shown(setting->origin());
  if (text)
    (void)setting->assign(text, config::Origin::kCode);
  else
    setting->unset(config::Origin::kCode);
  if (setting->shown(setting->origin()) != before) {  // what was made of it is made again
    propagation::reload_options();
    trace::ProcessFacts facts = trace::Tracer::get().facts();
    trace::read_changeable(facts);
    trace::Tracer::get().set_facts(std::move(facts));
  }
  return py::none().release();
}

PyObject* query_pattern(PyObject*, PyObject*) {
  const std::string_view given = config::query_obfuscation.get();
  return py::str(config::query_obfuscation.is_set() ? given : http::kDefaultQueryPattern).release();
}

PyObject* otel_semantics(PyObject*, PyObject*) {
  return PyBool_FromLong(config::otel_semantics.get());
}

PyObject* extract_tracecontext(PyObject*, PyObject* headers) {
  return tracing::extract_tracecontext(headers).release();
}

PyObject* pack(PyObject*, PyObject* value) { return py::bytes(tracing::pack(value)).release(); }

// service, env, version, runtime_id of the process.
PyObject* facts(PyObject*, PyObject*) {
  const trace::ProcessFacts& process = trace::Tracer::get().facts();
  const Ref parts[] = {py::str(process.service), py::str(process.env), py::str(process.version),
                       py::str(process.runtime_id)};
  return PyTuple_Pack(4, parts[0].ptr(), parts[1].ptr(), parts[2].ptr(), parts[3].ptr());
}

PyObject* flush_traces(PyObject*, PyObject* seconds) {
  const double timeout = PyFloat_AsDouble(seconds);
  if (PyErr_Occurred() != nullptr) return nullptr;
  bool done;
  {
    const py::GilGap gap;
    done = transport::agent_sink::flush(static_cast<std::int64_t>(timeout * 1e9));
  }
  return PyBool_FromLong(done);
}

// The statistics so far, in so many seconds; nothing where none are made.
PyObject* flush_statistics(PyObject*, PyObject* seconds) {
  const double timeout = PyFloat_AsDouble(seconds);
  if (PyErr_Occurred() != nullptr) return nullptr;
  {
    const py::GilGap gap;
    transport::stats_sink::flush(static_cast<std::int64_t>(timeout * 1e9));
  }
  return py::none().release();
}

// Whether what is said of a trace goes on the first span that a span rule kept, too.
PyObject* kept_spans_tell_trace(PyObject*, PyObject* on) {
  trace::Tracer& tracer = trace::Tracer::get();
  trace::ProcessFacts facts = tracer.facts();
  facts.kept_spans_tell_trace = PyObject_IsTrue(on) == 1;
  tracer.set_facts(std::move(facts));
  return py::none().release();
}

PyObject* enable_metrics(PyObject*, PyObject* url) {
  if (!enable_runtime_metrics(Handle(url).text())) return nullptr;
  return py::none().release();
}

PyObject* disable_metrics(PyObject*, PyObject*) {
  disable_runtime_metrics();
  return py::none().release();
}

PyObject* metrics_enabled(PyObject*, PyObject*) {
  return PyBool_FromLong(statsd::sends_runtime_metrics());
}

int fill(PyObject* module) {
  if (PyModule_AddType(module, tracing::span_type()) < 0 ||
      PyModule_AddType(module, tracing::context_type()) < 0 ||
      PyModule_AddType(module, tracing::tracer_type()) < 0 ||
      PyModule_AddType(module, tracing::link_type()) < 0 ||
      PyModule_AddType(module, tracing::event_type()) < 0 || batch_type() == nullptr ||
      PyModule_AddType(module, batch_type()) < 0 || statsd_type() == nullptr ||
      PyModule_AddType(module, statsd_type()) < 0)
    return -1;
  return PyModule_AddObjectRef(module, "DD_CONTEXTVAR", tracing::context_variable());
}

PyMethodDef functions[] = {
    {"active", active, METH_NOARGS, nullptr},
    {"activate", activate, METH_O, nullptr},
    {"variable_active", variable_active, METH_NOARGS, nullptr},
    {"set_variable", set_variable, METH_O, nullptr},
    {"open_above", open_above, METH_O, nullptr},
    {"agent_url", agent_url, METH_NOARGS, nullptr},
    {"partial_flush", partial_flush, METH_VARARGS, nullptr},
    {"set_provider", set_provider, METH_O, nullptr},
    {"set_processors", set_processors, METH_O, nullptr},
    {"set_writer", set_writer, METH_O, nullptr},
    {"pass_on", pass_on, METH_O, nullptr},
    {"post", post, METH_VARARGS, nullptr},
    {"set_listeners", set_listeners, METH_VARARGS, nullptr},
    {"set_event", set_event, METH_VARARGS, nullptr},
    {"set_sampler", set_sampler, METH_O, nullptr},
    {"set_sampling_rules", set_sampling_rules, METH_VARARGS, nullptr},
    {"set_service_mapping", set_service_mapping, METH_O, nullptr},
    {"opt_out", opt_out, METH_VARARGS, nullptr},
    {"set_agent_rates", set_agent_rates, METH_O, nullptr},
    {"set_test_session_token", set_test_session_token, METH_O, nullptr},
    {"counts", counts, METH_NOARGS, nullptr},
    {"flatten_key_value", flatten, METH_VARARGS, nullptr},
    {"is_sequence", is_sequence, METH_O, nullptr},
    {"rand64bits", random_id, METH_NOARGS, nullptr},
    {"pack", pack, METH_O, nullptr},
    {"inject", py::method<inject>, METH_FASTCALL, nullptr},
    {"extract", extract, METH_O, nullptr},
    {"otel_enabled", otel_enabled, METH_NOARGS, nullptr},
    {"otel_semantics", otel_semantics, METH_NOARGS, nullptr},
    {"set_setting", set_setting, METH_VARARGS, nullptr},
    {"query_pattern", query_pattern, METH_NOARGS, nullptr},
    {"extract_tracecontext", extract_tracecontext, METH_O, nullptr},
    {"facts", facts, METH_NOARGS, nullptr},
    {"telemetry_enabled", telemetry_enabled, METH_NOARGS, nullptr},
    {"telemetry_metric", telemetry_metric, METH_VARARGS, nullptr},
    {"telemetry_log", telemetry_log, METH_VARARGS, nullptr},
    {"remember_line", remember_line, METH_VARARGS, nullptr},
    {"telemetry_configuration", telemetry_configuration, METH_VARARGS, nullptr},
    {"telemetry_integration", telemetry_integration, METH_VARARGS, nullptr},
    {"telemetry_product", telemetry_product, METH_VARARGS, nullptr},
    {"telemetry_flush", telemetry_flush, METH_VARARGS, nullptr},
    {"enable_runtime_metrics", enable_metrics, METH_O, nullptr},
    {"disable_runtime_metrics", disable_metrics, METH_NOARGS, nullptr},
    {"runtime_metrics_enabled", metrics_enabled, METH_NOARGS, nullptr},
    {"remote_config_wanted", remote_config_wanted, METH_NOARGS, nullptr},
    {"remote_config_pause", remote_config_pause, METH_NOARGS, nullptr},
    {"flush_traces", flush_traces, METH_O, nullptr},
    {"flush_statistics", flush_statistics, METH_O, nullptr},
    {"kept_spans_tell_trace", kept_spans_tell_trace, METH_O, nullptr},
    {"remote_config_subscribe", remote_config_subscribe, METH_O, nullptr},
    {"remote_config_unsubscribe", remote_config_unsubscribe, METH_O, nullptr},
    {"remote_config_capabilities", remote_config_capabilities, METH_O, nullptr},
    {"remote_config_next", remote_config_next, METH_NOARGS, nullptr},
    {"remote_config_failed", remote_config_failed, METH_VARARGS, nullptr},
    {}};
PyModuleDef_Slot slots[] = {{Py_mod_exec, reinterpret_cast<void*>(fill)}, {0, nullptr}};
PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_native", nullptr, 0, functions, slots, nullptr, nullptr, nullptr};

}  // namespace

PyObject* init_native() { return PyModuleDef_Init(&definition); }

}  // namespace dd::pyshim
