#include "pyshim/native/batch_object.h"

#include <memory>
#include <utility>

#include "core/py/gil.h"
#include "core/py/ref.h"
#include "core/transport/batch.h"

namespace dd::pyshim {
namespace {

using py::Handle;
using py::Ref;
using transport::Batch;

struct BatchObject {
  PyObject_HEAD
  Batch* batch;
};

Batch& batch_of(PyObject* self) { return *reinterpret_cast<BatchObject*>(self)->batch; }

std::int64_t nanoseconds_of(double seconds) { return static_cast<std::int64_t>(seconds * 1e9); }

PyObject* make_batch(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
  static const char* const kNames[] = {"url",       "target",      "headers", "opening", "closing",
                                       "max_bytes", "max_entries", "period",  nullptr};
  const char *url, *target, *opening, *closing;
  PyObject* headers;
  Py_ssize_t max_bytes, max_entries;
  double period;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "ssO!ssnnd:Batch", const_cast<char**>(kNames),
                                   &url, &target, &PyDict_Type, &headers, &opening, &closing,
                                   &max_bytes, &max_entries, &period))
    return nullptr;
  Batch::Options options{.url = url,
                         .target = target,
                         .open = opening,
                         .close = closing,
                         .max_bytes = static_cast<std::size_t>(max_bytes),
                         .max_entries = static_cast<std::size_t>(max_entries),
                         .period_ns = nanoseconds_of(period)};
  Handle(headers).each_pair(
      [&](Handle name, Handle value) { options.headers.emplace_back(name.text(), value.text()); });
  auto made = Batch::make(std::move(options));
  if (!made.ok()) {
    PyErr_Format(PyExc_ValueError, "%s: %s", url, made.status().message().c_str());
    return nullptr;
  }
  PyObject* const self = type->tp_alloc(type, 0);
  if (self != nullptr)
    reinterpret_cast<BatchObject*>(self)->batch = std::move(made).value().release();
  return self;
}

void drop_batch(PyObject* self) {
  const Ref drop_type = Ref::steal(reinterpret_cast<PyObject*>(Py_TYPE(self)));
  Batch* const batch = reinterpret_cast<BatchObject*>(self)->batch;
  {
    const py::GilGap gap;
    delete batch;
  }
  Py_TYPE(self)->tp_free(self);
}

PyObject* add_entry(PyObject* self, PyObject* entry) {
  if (!PyBytes_Check(entry))
    return PyErr_Format(PyExc_TypeError, "an entry is bytes, not %s", Py_TYPE(entry)->tp_name);
  return PyBool_FromLong(batch_of(self).add(Handle(entry).bytes()));
}

PyObject* flush_batch(PyObject* self, PyObject* args) {
  double timeout;
  if (!PyArg_ParseTuple(args, "d:flush", &timeout)) return nullptr;
  bool done;
  {
    const py::GilGap gap;
    done = batch_of(self).flush(nanoseconds_of(timeout));
  }
  return PyBool_FromLong(done);
}

PyObject* take_troubles(PyObject* self, PyObject*) {
  const Ref list = py::list();
  for (const Batch::Trouble& trouble : batch_of(self).take_troubles()) {
    const Ref status = py::integer(trouble.status), text = py::str(trouble.text);
    if (!list.append(Ref::steal(PyTuple_Pack(2, status.ptr(), text.ptr())))) return nullptr;
  }
  return list.share().release();
}

}  // namespace

PyTypeObject* batch_type() {
  static PyMethodDef methods[] = {
      {"add", add_entry, METH_O, "Takes an entry; False when it does not fit."},
      {"flush", flush_batch, METH_VARARGS, "Sends what is there; False after so many seconds."},
      {"take_troubles", take_troubles, METH_NOARGS, "(status, text) of what was not taken."},
      {}};
  static PyType_Slot slots[] = {{Py_tp_new, reinterpret_cast<void*>(make_batch)},
                                {Py_tp_dealloc, reinterpret_cast<void*>(drop_batch)},
                                {Py_tp_methods, methods},
                                {0, nullptr}};
  static PyType_Spec spec = {"ddtrace._native.Batch", sizeof(BatchObject), 0, Py_TPFLAGS_DEFAULT,
                             slots};
  static PyTypeObject* const type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  return type;
}

}  // namespace dd::pyshim
