#include "pyshim/native/statsd_object.h"

#include <structmember.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/ascii.h"
#include "core/base/ids.h"
#include "core/encoding/python_json.h"
#include "core/py/gil.h"
#include "core/py/method.h"
#include "core/py/ref.h"
#include "core/statsd/client.h"

namespace dd::pyshim {
namespace {

using py::Handle;
using py::Ref;
using statsd::Client;

struct State {
  Client client;
  std::string suffix;     // behind the tags: the container
  std::string tags_text;  // of StatsdObject::tags_seen
};

struct StatsdObject {
  PyObject_HEAD
  State* state;
  PyObject *name_space, *constant_tags, *sample_rate, *enabled;
  PyObject* tags_seen;  // the constant tags as they were written last, a tuple
};

StatsdObject& self_of(PyObject* self) { return *reinterpret_cast<StatsdObject*>(self); }

State* state_of(PyObject* self) {
  State* const state = self_of(self).state;
  if (state == nullptr) PyErr_SetString(PyExc_RuntimeError, "the client was not initialized");
  return state;
}

// Metrics' tags are cleaned, those of events and checks are not.
enum class Form { kCleaned, kAsGiven };

// What has a meaning of its own in a line becomes '_': kept are \w, '-', ':', '/', '.'.
void append_cleaned(std::string& out, Handle text) {
  const std::string_view utf8 = text.utf8();
  bool ascii = true;
  for (const char c : utf8) ascii = ascii && static_cast<unsigned char>(c) < 0x80;
  const auto kept = [](char c) {
    return base::is_letter_or_digit(c) ||
           std::string_view("_-:/.").find(c) != std::string_view::npos;
  };
  if (ascii) {
    for (const char c : utf8) out += kept(c) ? c : '_';
    return;
  }
  const Py_ssize_t size = PyUnicode_GET_LENGTH(text.ptr());
  for (Py_ssize_t i = 0; i < size; ++i) {
    const Py_UCS4 c = PyUnicode_READ_CHAR(text.ptr(), i);
    if (c < 0x80) {
      out += kept(static_cast<char>(c)) ? static_cast<char>(c) : '_';
    } else if (Py_UNICODE_ISALNUM(c)) {
      const Ref one = Ref::steal(PyUnicode_Substring(text.ptr(), i, i + 1));
      out += one.utf8();
    } else {
      out += '_';
    }
  }
}

bool append_tag(std::string& out, Handle tag, Form form) {
  if (!tag.is_str()) {
    PyErr_Format(PyExc_TypeError, "a tag must be str, not %s", Py_TYPE(tag.ptr())->tp_name);
    return false;
  }
  if (form == Form::kCleaned)
    append_cleaned(out, tag);
  else
    out += tag.utf8();
  return true;
}

// Of a list, a tuple, or whatever can be gone through.
bool append_all(std::string& out, Handle tags, Form form, bool first) {
  const Ref items = Ref::steal(PySequence_Fast(tags.ptr(), "tags must be iterable"));
  if (!items) return false;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(items.ptr()); ++i) {
    if (!std::exchange(first, false)) out += ',';
    const Ref tag = Ref::borrow(PySequence_Fast_GET_ITEM(items.ptr(), i));
    if (!append_tag(out, tag, form)) return false;
  }
  return true;
}

bool are_those_seen(Handle tags, Handle seen) {
  if (!tags.is_list() || !seen.is_tuple()) return false;
  const Py_ssize_t size = PyList_GET_SIZE(tags.ptr());
  if (size != PyTuple_GET_SIZE(seen.ptr())) return false;
  for (Py_ssize_t i = 0; i < size; ++i)
    if (PyList_GET_ITEM(tags.ptr(), i) != PyTuple_GET_ITEM(seen.ptr(), i)) return false;
  return true;
}

// Constant tags, cleaned once.
bool append_constant_tags(std::string& out, StatsdObject& self, bool first) {
  if (!are_those_seen(self.constant_tags, self.tags_seen)) {
    std::string text;
    Ref seen = Ref::steal(PySequence_Tuple(self.constant_tags));
    if (!seen || !append_all(text, seen, Form::kCleaned, true)) return false;
    self.state->tags_text = std::move(text);
    (void)Ref::steal(std::exchange(self.tags_seen, seen.release()));
  }
  if (!first) out += ',';
  out += self.state->tags_text;
  return true;
}

// "|#a,b", or nothing.
bool append_tags(std::string& out, StatsdObject& self, Handle tags, Form form) {
  const Handle constant = self.constant_tags;
  const bool some = tags && tags.truth(), always = constant && constant.truth();
  if (!some && !always) return true;
  out += "|#";
  // What cannot be put together (a tuple and a list, ...) is an error of the caller.
  if (some && always && !(tags.is_list() && constant.is_list())) {
    const Ref both = Ref::steal(PyNumber_Add(tags.ptr(), constant.ptr()));
    return both && append_all(out, both, form, true);
  }
  if (some && !append_all(out, tags, form, true)) return false;
  if (!always) return true;
  return form == Form::kCleaned ? append_constant_tags(out, self, !some)
                                : append_all(out, constant, form, !some);
}

bool append_value(std::string& out, Handle value) {
  if (PyLong_CheckExact(value.ptr())) {
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(value.ptr(), &overflow);
    if (overflow == 0) {
      out += std::to_string(number);
      return true;
    }
  }
  if (value.is_str()) {
    out += value.utf8();
    return true;
  }
  if (PyFloat_CheckExact(value.ptr())) {
    if (const double number = PyFloat_AS_DOUBLE(value.ptr()); std::isfinite(number)) {
      encoding::python_json::append_double(out, number);
      return true;
    }
    char* const text =
        PyOS_double_to_string(PyFloat_AS_DOUBLE(value.ptr()), 'r', 0, Py_DTSF_ADD_DOT_0, nullptr);
    if (text == nullptr) return false;
    out += text;
    PyMem_Free(text);
    return true;
  }
  const Ref text = Ref::steal(PyObject_Str(value.ptr()));
  out += text.utf8();
  return static_cast<bool>(text);
}

bool is_drawn(double rate) {
  return static_cast<double>(base::random_id()) < rate * 18446744073709551616.0;
}

struct Metric {
  Handle name, value, tags, rate;
};

PyObject* report(PyObject* object, std::string_view kind, const Metric& metric) {
  StatsdObject& self = self_of(object);
  State* const state = state_of(object);
  if (state == nullptr) return nullptr;
  if (metric.value.is_none() || !Handle(self.enabled).truth(true)) return py::none().release();
  state->client.count(Client::Kind::kMetric);
  const Handle given = metric.rate && !metric.rate.is_none() ? metric.rate : self.sample_rate;
  const double rate = given.number(1);
  if (rate != 1 && !is_drawn(rate)) return py::none().release();
  thread_local std::string line;
  line.clear();
  if (const Handle name_space = self.name_space; name_space && name_space.truth()) {
    if (!name_space.is_str())
      return PyErr_Format(PyExc_TypeError, "the namespace must be str, not %s",
                          Py_TYPE(name_space.ptr())->tp_name);
    line.append(name_space.utf8()).append(".");
  }
  if (!append_value(line, metric.name)) return nullptr;
  line += ':';
  if (!append_value(line, metric.value)) return nullptr;
  line.append("|").append(kind);
  if (rate != 1) {
    line += "|@";
    if (!append_value(line, given)) return nullptr;
  }
  if (!append_tags(line, self, metric.tags, Form::kCleaned)) return nullptr;
  line += state->suffix;
  line += '\n';
  state->client.add(line);
  return py::none().release();
}

// (metric, value, tags=None, sample_rate=None) in any of the ways Python passes them.
bool read_metric(const char* function, bool needs_value, PyObject* const* args, Py_ssize_t count,
                 PyObject* names, Metric& out) {
  constexpr std::string_view kNames[] = {"metric", "value", "tags", "sample_rate"};
  Handle* const places[] = {&out.name, &out.value, &out.tags, &out.rate};
  if (count > 4) {
    PyErr_Format(PyExc_TypeError, "%s() takes from %d to 5 positional arguments but %zd were given",
                 function, needs_value ? 3 : 2, count + 1);
    return false;
  }
  for (Py_ssize_t i = 0; i < count; ++i) *places[i] = args[i];
  const Py_ssize_t named = names == nullptr ? 0 : PyTuple_GET_SIZE(names);
  for (Py_ssize_t i = 0; i < named; ++i) {
    const std::string_view name = Handle(PyTuple_GET_ITEM(names, i)).utf8();
    std::size_t at = 0;
    while (at < 4 && name != kNames[at]) ++at;
    if (at == 4 || *places[at]) {
      PyErr_Format(PyExc_TypeError,
                   at == 4 ? "%s() got an unexpected keyword argument '%U'"
                           : "%s() got multiple values for argument '%U'",
                   function, PyTuple_GET_ITEM(names, i));
      return false;
    }
    *places[at] = args[count + i];
  }
  if (out.name && (out.value || !needs_value)) return true;
  PyErr_Format(PyExc_TypeError, "%s() missing a required argument: '%s'", function,
               out.name ? "value" : "metric");
  return false;
}

#define DD_METRIC(function, kind)                                                                \
  PyObject* function(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names) { \
    Metric metric;                                                                               \
    if (!read_metric(#function, true, args, count, names, metric)) return nullptr;               \
    return report(self, kind, metric);                                                           \
  }
DD_METRIC(gauge, "g")
DD_METRIC(histogram, "h")
DD_METRIC(distribution, "d")
DD_METRIC(timing, "ms")
DD_METRIC(set, "s")
#undef DD_METRIC

PyObject* increment(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names) {
  Metric metric;
  if (!read_metric("increment", false, args, count, names, metric)) return nullptr;
  static PyObject* const one = PyLong_FromLong(1);
  if (!metric.value) metric.value = one;
  return report(self, "c", metric);
}

PyObject* decrement(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names) {
  Metric metric;
  if (!read_metric("decrement", false, args, count, names, metric)) return nullptr;
  static PyObject* const one = PyLong_FromLong(1);
  if (!metric.value) metric.value = one;
  if (!metric.value.truth()) return report(self, "c", metric);
  const Ref negative = Ref::steal(PyNumber_Negative(metric.value.ptr()));
  if (!negative) return nullptr;
  metric.value = negative;
  return report(self, "c", metric);
}

PyObject* start(PyObject* object, PyObject* args) {
  const char *host, *port, *path, *telemetry_host, *telemetry_port, *telemetry_path;
  const char *telemetry_tags, *suffix;
  Py_ssize_t packet_bytes;
  int buffering, telemetry;
  double flush_s, telemetry_s;
  if (!PyArg_ParseTuple(args, "sssnpdpdsssss:_start", &host, &port, &path, &packet_bytes,
                        &buffering, &flush_s, &telemetry, &telemetry_s, &telemetry_tags,
                        &telemetry_host, &telemetry_port, &telemetry_path, &suffix))
    return nullptr;
  StatsdObject& self = self_of(object);
  State* const old = std::exchange(
      self.state,
      new State{.client = Client({.to = {host, port, path},
                                  .telemetry_to = {telemetry_host, telemetry_port, telemetry_path},
                                  .buffering = buffering != 0,
                                  .flush_ns = static_cast<std::int64_t>(flush_s * 1e9),
                                  .packet_bytes = static_cast<std::size_t>(packet_bytes),
                                  .telemetry = telemetry != 0,
                                  .telemetry_ns = static_cast<std::int64_t>(telemetry_s * 1e9),
                                  .telemetry_tags = telemetry_tags}),
                .suffix = suffix});
  delete old;
  return py::none().release();
}

// A line that Python has made: an event or a check. What switches metrics off leaves these.
PyObject* put(PyObject* object, PyObject* args) {
  const char *line, *suffix_of;
  PyObject* tags;
  int is_event;
  State* const state = state_of(object);
  if (state == nullptr || !PyArg_ParseTuple(args, "ssOp:_put", &line, &suffix_of, &tags, &is_event))
    return nullptr;
  std::string text = line;
  if (!append_tags(text, self_of(object), tags, Form::kAsGiven)) return nullptr;
  text.append(suffix_of).append(state->suffix);
  const std::size_t size = text.size();
  if (is_event && size > 8 * 1024) return PyLong_FromSize_t(size);
  state->client.count(is_event ? Client::Kind::kEvent : Client::Kind::kCheck);
  state->client.add(text += '\n');
  return PyLong_FromSize_t(size);
}

template <void (Client::*kAction)()>
PyObject* act(PyObject* self, PyObject*) {
  State* const state = state_of(self);
  if (state == nullptr) return nullptr;
  {
    const py::GilGap gap;
    (state->client.*kAction)();
  }
  return py::none().release();
}

template <void (Client::*kSwitch)(bool)>
PyObject* turn(PyObject* self, PyObject* on) {
  State* const state = state_of(self);
  if (state == nullptr) return nullptr;
  const bool wanted = Handle(on).truth();
  {
    const py::GilGap gap;
    (state->client.*kSwitch)(wanted);
  }
  return py::none().release();
}

void drop_statsd(PyObject* object) {
  const Ref drop_type = Ref::steal(reinterpret_cast<PyObject*>(Py_TYPE(object)));
  StatsdObject& self = self_of(object);
  const Ref held[] = {Ref::steal(self.name_space), Ref::steal(self.constant_tags),
                      Ref::steal(self.sample_rate), Ref::steal(self.enabled),
                      Ref::steal(self.tags_seen)};
  if (State* const state = std::exchange(self.state, nullptr)) {
    const py::GilGap gap;
    delete state;
  }
  Py_TYPE(object)->tp_free(object);
}

}  // namespace

PyTypeObject* statsd_type() {
  constexpr int kFast = METH_FASTCALL | METH_KEYWORDS;
  static PyMemberDef members[] = {
      {"namespace", T_OBJECT, offsetof(StatsdObject, name_space), 0, nullptr},
      {"constant_tags", T_OBJECT, offsetof(StatsdObject, constant_tags), 0, nullptr},
      {"default_sample_rate", T_OBJECT, offsetof(StatsdObject, sample_rate), 0, nullptr},
      {"_enabled", T_OBJECT, offsetof(StatsdObject, enabled), 0, nullptr},
      {}};
  static PyMethodDef methods[] = {
      {"gauge", py::method<gauge>, kFast,
       "gauge($self, metric, value, tags=None, sample_rate=None)\n--\n\nA value as it is now."},
      {"increment", py::method<increment>, kFast,
       "increment($self, metric, value=1, tags=None, sample_rate=None)\n--\n\nAdds to a counter."},
      {"decrement", py::method<decrement>, kFast,
       "decrement($self, metric, value=1, tags=None, sample_rate=None)\n--\n\nTakes from a "
       "counter."},
      {"histogram", py::method<histogram>, kFast,
       "histogram($self, metric, value, tags=None, sample_rate=None)\n--\n\nA value of a "
       "histogram."},
      {"distribution", py::method<distribution>, kFast,
       "distribution($self, metric, value, tags=None, sample_rate=None)\n--\n\n"
       "A value of a distribution over all hosts."},
      {"timing", py::method<timing>, kFast,
       "timing($self, metric, value, tags=None, sample_rate=None)\n--\n\nA duration."},
      {"set", py::method<set>, kFast,
       "set($self, metric, value, tags=None, sample_rate=None)\n--\n\n"
       "A member of a set whose size is counted."},
      {"_start", start, METH_VARARGS, nullptr},
      {"_put", put, METH_VARARGS, nullptr},
      {"_hold", act<&Client::hold>, METH_NOARGS, nullptr},
      {"_release", act<&Client::release>, METH_NOARGS, nullptr},
      {"_set_buffering", turn<&Client::set_buffering>, METH_O, nullptr},
      {"_set_telemetry", turn<&Client::set_telemetry>, METH_O, nullptr},
      {"_close", act<&Client::close>, METH_NOARGS, nullptr},
      {"flush", act<&Client::flush>, METH_NOARGS, "flush($self)\n--\n\nSends what is buffered."},
      {}};
  static PyType_Slot slots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(drop_statsd)},
                                {Py_tp_members, members},
                                {Py_tp_methods, methods},
                                {0, nullptr}};
  static PyType_Spec spec = {"ddtrace._native.Statsd", sizeof(StatsdObject), 0,
                             Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
  static PyTypeObject* const type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  return type;
}

}  // namespace dd::pyshim
