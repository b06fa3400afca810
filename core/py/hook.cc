#include "core/py/hook.h"

#include <utility>

#include "core/base/log.h"
#include "core/py/engine.h"
#include "core/py/error.h"
#include "core/py/following.h"

namespace dd::py {
namespace {

constexpr std::uint64_t kMaxFaults = 10;

constinit std::atomic<std::uint64_t> all_faults{0};
constinit std::atomic<FaultReport> fault_report{nullptr};

}  // namespace

void Hook::fault(const char* phase, const char* what) {
  all_faults.fetch_add(1, std::memory_order_relaxed);
  const std::uint64_t count = faults.fetch_add(1, std::memory_order_relaxed) + 1;
  const bool last = count == kMaxFaults;
  if (last) uninstall();
  if (count != 1 && !last) return;
  try {
    const std::string place = std::string(target->where) + " " + phase;
    if (const FaultReport report = fault_report.load(std::memory_order_relaxed))
      report(place, what);
    base::log(base::LogLevel::kDebug,
              "hook " + place + ": " + what + (last ? "; taken out after ten faults" : ""));
  } catch (...) {  // the report is for us; without memory there is none
  }
}

PhaseEnd settle_slowly(Hook* hook, const char* phase, const char*& what) {
  const PhaseEnd end = end_phase();
  if (end == PhaseEnd::kFaulty && what == nullptr) what = "a Python exception left behind";
  if (what != nullptr) {
    const ErrorKeep keep;  // the report may run Python code of ours; an interrupt that is set waits
    hook != nullptr ? hook->fault(phase, what) : count_fault();
  }
  return end;
}

// `result` is null when an error is pending. Returns what the application gets.
PyObject* Hook::leave(PyObject* result, Scope& scope) {
  const auto run = [&](Handle error) {
    Outcome outcome(result, error, target->data, this);
    const char* what = guarded([&] { target->leave(outcome, scope); });
    if (const char* late = dropped(scope)) what = late;
    const PhaseEnd end = settle(this, "leave", what);
    if (outcome.replacement_ && what == nullptr && end == PhaseEnd::kClean) [[unlikely]] {
      Py_DECREF(result);
      result = outcome.replacement_.release();
    }
    return end;
  };
  if (result != nullptr) [[likely]] {
    if (run(nullptr) == PhaseEnd::kInterrupt) Py_CLEAR(result);
    return result;
  }
  ErrorKeep keep;
  if (run(keep.instance()) == PhaseEnd::kInterrupt) keep.supersede(take_exception());
  return nullptr;
}

bool Hook::is_meant(PyObject* const* args, std::size_t count) const {
  if (count == 0) return false;
  if (only_one_) return args[0] == only_for_;
  const bool has_class =
      form_ == Form::kClassMethod || (form_ == Form::kTypeSlot && type_slot_ == TypeSlot::kNew);
  const Handle self = has_class ? args[0] : Handle(args[0]).type();
  return PyType_Check(self.ptr()) && PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(self.ptr()),
                                                      reinterpret_cast<PyTypeObject*>(only_for_));
}

PyObject* Hook::call(PyObject* callable, PyObject* const* args, std::size_t nargsf,
                     PyObject* kwnames) {
  const std::size_t count = static_cast<std::size_t>(PyVectorcall_NARGS(nargsf));
  if (off.load(std::memory_order_relaxed)) [[unlikely]]
    return forward(callable, args, nargsf, kwnames);
  if (only_for_ != nullptr && !is_meant(args, count))
    return forward(callable, args, nargsf, kwnames);
  if (form_ == Form::kMethod && count == 0) return forward(callable, args, nargsf, kwnames);
  retain();
  PyObject* result = run(callable, args, nargsf, kwnames);
  if (form_ == Form::kVectorcall) stay(callable);
  release();
  return result;
}

PyObject* Hook::run(PyObject* callable, PyObject* const* args, std::size_t nargsf,
                    PyObject* kwnames) {
  Scope scope;
  PyObject* result = nullptr;
  if (target->enter != nullptr) {
    Call call(args, static_cast<std::size_t>(PyVectorcall_NARGS(nargsf)), kwnames, binds_,
              target->data, callable);
    const char* what = guarded([&] { target->enter(call, scope); });
    if (settle(this, "enter", what) == PhaseEnd::kInterrupt)
      return target->leave != nullptr ? leave(nullptr, scope) : nullptr;
    if (call.rewrite_) [[unlikely]]
      result = forward(callable, call.vector_, call.positional_ | PY_VECTORCALL_ARGUMENTS_OFFSET,
                       call.kwnames_);
    else
      result = forward(callable, args, nargsf, kwnames);
  } else {
    result = forward(callable, args, nargsf, kwnames);
  }
  if (target->kind != Kind::kCall && result != nullptr) {
    const Wish wish{{nullptr, target->leave, target->begin}, target->data, this};
    if (Ref followed = follow(result, target->kind, wish, scope)) {
      Py_DECREF(result);
      return followed.release();
    }
  }
  return target->leave != nullptr ? leave(result, scope) : result;
}

PyObject* Hook::call_method(PyObject* self, PyObject* const* args, Py_ssize_t count,
                            PyObject* kwnames) {
  if (form_ == Form::kBuiltin)
    return call(original_, args, static_cast<std::size_t>(count), kwnames);
  // A C method called through its bound form: self is apart.
  const std::size_t total =
      static_cast<std::size_t>(count) +
      (kwnames != nullptr ? static_cast<std::size_t>(PyTuple_GET_SIZE(kwnames)) : 0);
  constexpr std::size_t kInline = 16;
  PyObject* room[kInline + 2];
  PyObject** vector = room;
  if (total > kInline) {
    vector = static_cast<PyObject**>(PyMem_Malloc((total + 2) * sizeof(PyObject*)));
    if (vector == nullptr) return PyErr_NoMemory();
  }
  vector[1] = self;
  for (std::size_t i = 0; i < total; ++i) vector[i + 2] = args[i];
  PyObject* result =
      call(original_, vector + 1,
           (static_cast<std::size_t>(count) + 1) | PY_VECTORCALL_ARGUMENTS_OFFSET, kwnames);
  if (vector != room) PyMem_Free(vector);
  return result;
}

PyObject* Hook::forward_slowly(PyObject* callable, PyObject* const* args, std::size_t nargsf,
                               PyObject* kwnames) {
  if (form_ != Form::kVectorcall && form_ != Form::kTypeSlot && form_ != Form::kClass)
    return PyObject_Vectorcall(original_, args, nargsf, kwnames);
  // By a tuple and a dict: a type's function pointer, and what may be called by vectorcall but now
  // is not.
  PyObject* self = callable;
  if (form_ == Form::kTypeSlot) self = *args++;
  const Py_ssize_t count = PyVectorcall_NARGS(nargsf) - (form_ == Form::kTypeSlot ? 1 : 0);
  const Ref positional = Ref::steal(PyTuple_New(count));
  if (!positional) return nullptr;
  for (Py_ssize_t i = 0; i < count; ++i) PyTuple_SET_ITEM(positional.ptr(), i, Py_NewRef(args[i]));
  Ref keywords;
  if (kwnames != nullptr && PyTuple_GET_SIZE(kwnames) > 0) {
    keywords = Ref::steal(PyDict_New());
    if (!keywords) return nullptr;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(kwnames); ++i)
      if (PyDict_SetItem(keywords.ptr(), PyTuple_GET_ITEM(kwnames, i), args[count + i]) < 0)
        return nullptr;
  }
  if (form_ == Form::kTypeSlot) return call_original_slot(self, positional.ptr(), keywords.ptr());
  return Py_TYPE(callable)->tp_call(callable, positional.ptr(), keywords.ptr());
}

std::uint64_t hook_faults() { return all_faults.load(std::memory_order_relaxed); }

void set_fault_report(FaultReport report) { fault_report.store(report, std::memory_order_relaxed); }

void count_fault() { all_faults.fetch_add(1, std::memory_order_relaxed); }

}  // namespace dd::py
