#include "contrib/support/signal_receivers.h"

#include <utility>

#include "contrib/support/terms.h"
#include "core/py/error.h"
#include "core/py/method.h"

namespace dd::contrib {
namespace {

Name kConnect("connect"), kDisconnect("disconnect"), kWeak("weak");

PyObject* receive_signal(PyObject* self, PyObject*, PyObject* named) {
  const py::ErrorKeep keep;
  const auto* row = static_cast<const SignalReceiver*>(PyLong_AsVoidPtr(self));
  if (row && named) row->receive(named);
  py::swallow_error();
  return Py_NewRef(Py_None);
}

// The signature is asked for: receivers take what comes by name.
PyMethodDef* receiver_method() {
  static PyMethodDef definition = {"receiver", py::method<receive_signal>,
                                   METH_VARARGS | METH_KEYWORDS,
                                   "receiver($module, /, **named)\n--\n\n"};
  return &definition;
}

}  // namespace

void SignalReceivers::connect() {
  const Ref signals = py::imported(module_);
  for (std::size_t at = 0; at < table_.size() && at < kMost; ++at) {
    if (functions_[at]) continue;
    const Ref self = Ref::steal(PyLong_FromVoidPtr(const_cast<SignalReceiver*>(&table_[at])));
    Ref function = Ref::steal(PyCFunction_New(receiver_method(), self.ptr()));
    const Ref method = signals.attr(table_[at].signal).attr(kConnect);
    PyObject* const arguments[] = {function.ptr(), Py_False};
    const Handle names[] = {kWeak.ptr()};
    if (method && method.call_vector(arguments, py::tuple(names)))
      functions_[at] = function.release();
  }
}

void SignalReceivers::disconnect() {
  const Ref signals = py::imported(module_);
  for (std::size_t at = 0; at < table_.size() && at < kMost; ++at) {
    const Ref function = Ref::steal(std::exchange(functions_[at], nullptr));
    if (function) (void)signals.attr(table_[at].signal).call_method(kDisconnect, function);
  }
}

}  // namespace dd::contrib
