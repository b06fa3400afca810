#include "core/py/hook.h"

#include <atomic>
#include <charconv>
#include <exception>
#include <utility>

#include "core/base/log.h"
#include "core/py/compat/compat.h"
#include "core/py/error.h"
#include "core/py/fault.h"
#include "core/py/follower.h"

namespace dd::py {

struct Call::Rewrite {
  std::vector<PyObject*> vector;  // one free slot in front, as vectorcall may use it
  std::vector<Ref> owned;
  Ref kwnames;
};

// One hooked target. Never freed: a call may still be inside it.
class Hook {
 public:
  enum class Form : std::uint8_t { kFunction, kSwappedFunction, kBuiltin, kMethod };

  PyObject* call(PyObject* callable, PyObject* const* args, std::size_t nargsf, PyObject* kwnames);
  PyObject* call_method(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* kwnames);
  const char* install(Handle object, Handle owner, bool binds, bool special);
  void uninstall();
  bool alive_for(Handle object) const;

  const Target* target = nullptr;
  std::atomic<std::uint64_t> faults{0};
  std::atomic<bool> off{true};

 private:
  PyObject* forward(PyObject* callable, PyObject* const* args, std::size_t nargsf,
                    PyObject* kwnames) {
    return original_call_ != nullptr ? original_call_(callable, args, nargsf, kwnames)
                                     : PyObject_Vectorcall(original_, args, nargsf, kwnames);
  }
  bool enter(Call& call, Scope& scope);
  PyObject* leave(PyObject* result, Scope& scope);
  void fault(const char* phase, const char* what);

  Form form_ = Form::kFunction;
  bool binds_ = false;
  PyObject* only_for_ = nullptr;            // a class: the target is inherited by it
  vectorcallfunc original_call_ = nullptr;  // functions
  PyObject* original_ = nullptr;            // C functions: a twin that runs the original
  PyObject* object_ = nullptr;              // functions: a weak reference; C functions: owned
  PyMethodDef* original_def_ = nullptr;
  PyMethodDef def_{};
  int slot_ = -1;
  Watch watch_;  // for what a kIterator target returns
};

namespace {

constexpr std::uint64_t kMaxFaults = 10;
constexpr int kSlots = 1024;

constinit std::atomic<Hook*> slots[kSlots] = {};
constinit std::atomic<int> slots_used{0};
constinit std::atomic<std::uint64_t> all_faults{0};
constinit std::atomic<FaultReport> fault_report{nullptr};

// A function object has no room for a pointer to its hook, so each hook has an entry of its own.
template <int N>
PyObject* entry(PyObject* callable, PyObject* const* args, std::size_t nargsf, PyObject* kwnames) {
  return slots[N].load(std::memory_order_acquire)->call(callable, args, nargsf, kwnames);
}
template <int N>
PyObject* method_entry(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* kwnames) {
  return slots[N].load(std::memory_order_acquire)->call_method(self, args, count, kwnames);
}

using MethodEntry = PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t, PyObject*);
struct Entries {
  vectorcallfunc call[kSlots];
  MethodEntry method[kSlots];
};
template <int... N>
constexpr Entries make_entries(std::integer_sequence<int, N...>) {
  return {{entry<N>...}, {method_entry<N>...}};
}
constexpr Entries kEntries = make_entries(std::make_integer_sequence<int, kSlots>());

// The type of a function that must not be inlined: 3.11's CALL and, in every version, the
// specialised instructions for special methods look for exactly PyFunction_Type. Same layout, no
// fields of its own; __class__ says what it was, and pickling goes by name as before.
PyObject* function_class(PyObject*, void*) {
  return Py_NewRef(reinterpret_cast<PyObject*>(&PyFunction_Type));
}
PyObject* reduce_function(PyObject* self, PyObject*) {
  return PyObject_GetAttrString(self, "__qualname__");
}
constinit PyGetSetDef function_getset[] = {{"__class__", function_class, nullptr, nullptr, nullptr},
                                           {nullptr, nullptr, nullptr, nullptr, nullptr}};
constinit PyMethodDef function_methods[] = {{"__reduce_ex__", reduce_function, METH_O, nullptr},
                                            {"__reduce__", reduce_function, METH_NOARGS, nullptr},
                                            {nullptr, nullptr, 0, nullptr}};
constinit PyTypeObject function_type = {PyVarObject_HEAD_INIT(nullptr, 0)};

bool ready_function_type() {
  if (function_type.tp_dict != nullptr) return true;
  function_type.tp_name = "function";
  function_type.tp_base = &PyFunction_Type;
  function_type.tp_basicsize = PyFunction_Type.tp_basicsize;
  function_type.tp_flags =
      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_METHOD_DESCRIPTOR | Py_TPFLAGS_HAVE_VECTORCALL;
  function_type.tp_vectorcall_offset = PyFunction_Type.tp_vectorcall_offset;
  function_type.tp_call = PyFunction_Type.tp_call;
  function_type.tp_getset = function_getset;
  function_type.tp_methods = function_methods;
  if (PyType_Ready(&function_type) == 0) return true;
  PyErr_Clear();
  return false;
}

bool is_function(Handle object) {
  return object &&
         (Py_IS_TYPE(object.ptr(), &PyFunction_Type) || Py_IS_TYPE(object.ptr(), &function_type));
}

void arm_phase([[maybe_unused]] bool armed) {
#ifdef DD_CHECKS
  if (fault_plan != nullptr) [[unlikely]]
    fault_plan->armed = armed;
#endif
}

// A checkpoint at the start and end of a phase: a fault here is an error left behind.
void phase_checkpoint() {
  if (checkpoint()) PyErr_SetString(PyExc_ValueError, "injected fault");
}

struct Found {
  Ref object;  // function, builtin or method descriptor
  Ref owner;   // the class it was named on
  bool inherited = false;
  bool binds = false;
  bool special = false;
  const char* problem = nullptr;
};

// "module:Class.attribute" -> what to hook. Reads class dictionaries, so no descriptor runs.
Found find(const Ref& module, std::string_view path) {
  Found found;
  Ref parent = module.share();
  for (std::size_t dot; (dot = path.find('.')) != std::string_view::npos;
       path.remove_prefix(dot + 1)) {
    parent = parent.attr(std::string(path.substr(0, dot)).c_str());
    if (!parent) {
      found.problem = "no such class";
      return found;
    }
  }
  const std::string name(path);
  found.special = name.starts_with("__") && name.ends_with("__");
  Ref object;
  if (parent.is_class()) {
    found.owner = parent.share();
    const Ref mro = parent.attr("__mro__");
    mro.each([&](Handle type) {
      if (object) return;
      object = type.attr("__dict__").item(name.c_str());
      found.inherited = object && !type.is(parent);
    });
    found.binds = true;
    if (object && Py_IS_TYPE(object.ptr(), &PyStaticMethod_Type)) found.binds = false;
    if (object && (Py_IS_TYPE(object.ptr(), &PyStaticMethod_Type) ||
                   Py_IS_TYPE(object.ptr(), &PyClassMethod_Type)))
      object = object.attr("__func__");
    if (object && PyObject_TypeCheck(object.ptr(), &PyProperty_Type)) {
      object = object.attr("fget");
      found.special = true;  // 3.12 inlines exact functions of properties
    }
  } else {
    object = parent.attr(name.c_str());
  }
  if (!object) {
    found.problem = "no such attribute";
  } else if (!is_function(object) && !Py_IS_TYPE(object.ptr(), &PyCFunction_Type) &&
             !Py_IS_TYPE(object.ptr(), &PyMethodDescr_Type)) {
    found.problem = "not a function";
  } else {
    found.object = static_cast<Ref&&>(object);
  }
  return found;
}

int compare_versions(std::string_view a, std::string_view b) {
  while (!a.empty() || !b.empty()) {
    const auto next = [](std::string_view& text) {
      int value = 0;
      const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
      const std::size_t used = static_cast<std::size_t>(end - text.data());
      text.remove_prefix(used);
      if (!text.empty() && text.front() == '.' && ec == std::errc())
        text.remove_prefix(1);
      else
        text = {};  // "rc1", "+local": the release number alone counts
      return value;
    };
    const int left = next(a);
    const int right = next(b);
    if (left != right) return left < right ? -1 : 1;
  }
  return 0;
}

}  // namespace

// --- the call ---

void Call::DropRewrite::operator()(Rewrite* rewrite) const { delete rewrite; }

std::ptrdiff_t Call::find_keyword(const Name& name) const {
  PyObject* wanted = name.ptr();
  const std::size_t count = keyword_count();
  for (std::size_t i = 0; i < count; ++i)
    if (keyword_name(i).is(wanted)) return static_cast<std::ptrdiff_t>(i);
  for (std::size_t i = 0; i < count; ++i)  // names made at run time are not interned
    if (wanted != nullptr &&
        PyUnicode_CompareWithASCIIString(keyword_name(i).ptr(), name.text()) == 0)
      return static_cast<std::ptrdiff_t>(i);
  return -1;
}

Handle Call::arg(int position) const {
  const auto all = positional();
  return static_cast<std::size_t>(position) < all.size() ? all[static_cast<std::size_t>(position)]
                                                         : nullptr;
}

Handle Call::arg(const Name& name) const {
  const std::ptrdiff_t index = find_keyword(name);
  return index < 0 ? Handle() : keyword_value(static_cast<std::size_t>(index));
}

Handle Call::arg(int position, const Name& name) const {
  const Handle found = arg(position);
  return found ? found : arg(name);
}

Call::Rewrite& Call::rewrite() {
  if (!rewrite_) {
    rewrite_.reset(new Rewrite);
    const std::size_t count = positional_ + keyword_count();
    rewrite_->vector.reserve(count + 2);
    rewrite_->vector.push_back(nullptr);
    rewrite_->vector.insert(rewrite_->vector.end(), vector_, vector_ + count);
    vector_ = rewrite_->vector.data() + 1;
  }
  return *rewrite_;
}

bool Call::put(std::size_t index, Ref value) {
  Rewrite& copy = rewrite();
  copy.vector[index + 1] = value.ptr();
  copy.owned.push_back(static_cast<Ref&&>(value));
  return true;
}

bool Call::add_keyword(const Name& name, Ref value) {
  const std::size_t count = keyword_count();
  Ref names = Ref::steal(PyTuple_New(static_cast<Py_ssize_t>(count + 1)));
  if (!names || name.ptr() == nullptr) {
    PyErr_Clear();
    return false;
  }
  for (std::size_t i = 0; i < count; ++i)
    PyTuple_SET_ITEM(names.ptr(), static_cast<Py_ssize_t>(i), Py_NewRef(keyword_name(i).ptr()));
  PyTuple_SET_ITEM(names.ptr(), static_cast<Py_ssize_t>(count), Py_NewRef(name.ptr()));
  Rewrite& copy = rewrite();
  copy.vector.push_back(value.ptr());
  vector_ = copy.vector.data() + 1;
  copy.owned.push_back(static_cast<Ref&&>(value));
  kwnames_ = names.ptr();
  copy.kwnames = static_cast<Ref&&>(names);
  return true;
}

bool Call::replace_arg(int position, Ref value) {
  if (!value || static_cast<std::size_t>(position) >= positional().size()) return false;
  return put(static_cast<std::size_t>(position) + (method_ ? 1 : 0), static_cast<Ref&&>(value));
}

bool Call::replace_arg(const Name& name, Ref value) {
  if (!value) return false;
  const std::ptrdiff_t index = find_keyword(name);
  if (index < 0) return add_keyword(name, static_cast<Ref&&>(value));
  return put(positional_ + static_cast<std::size_t>(index), static_cast<Ref&&>(value));
}

bool Call::replace_arg(int position, const Name& name, Ref value) {
  if (static_cast<std::size_t>(position) < positional().size())
    return replace_arg(position, static_cast<Ref&&>(value));
  return replace_arg(name, static_cast<Ref&&>(value));
}

void Outcome::replace(Ref value) {
  if (result) replacement_ = static_cast<Ref&&>(value);
}

// --- the engine ---

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

bool Hook::enter(Call& call, Scope& scope) {
  arm_phase(true);
  const char* what = nullptr;
  try {
    phase_checkpoint();
    target->enter(call, scope);
    phase_checkpoint();
  } catch (const std::exception& error) {
    what = "a C++ exception";
  } catch (...) {
    what = "a C++ exception of no known type";
  }
  arm_phase(false);
  if (what == nullptr && PyErr_Occurred() == nullptr && !interrupt_kept()) [[likely]]
    return true;
  const PhaseEnd end = end_phase();
  if (end == PhaseEnd::kInterrupt) return false;
  if (end == PhaseEnd::kFaulty && what == nullptr) what = "a Python exception left behind";
  if (what != nullptr) fault("enter", what);
  return true;
}

// `result` is null when an error is pending. Returns what the application gets.
PyObject* Hook::leave(PyObject* result, Scope& scope) {
  const auto run = [&](Handle error) {
    Outcome outcome(result, error, target->data);
    arm_phase(true);
    const char* what = nullptr;
    try {
      phase_checkpoint();
      target->leave(outcome, scope);
      phase_checkpoint();
    } catch (const std::exception& thrown) {
      what = "a C++ exception";
    } catch (...) {
      what = "a C++ exception of no known type";
    }
    try {
      scope.reset();  // a state's destructor is ours too
    } catch (...) {
      what = "a C++ exception of a destructor";
    }
    arm_phase(false);
    if (what == nullptr && PyErr_Occurred() == nullptr && !interrupt_kept()) [[likely]] {
      if (outcome.replacement_) [[unlikely]] {
        Py_DECREF(result);
        result = outcome.replacement_.release();
      }
      return PhaseEnd::kClean;
    }
    const PhaseEnd end = end_phase();
    if (end == PhaseEnd::kFaulty && what == nullptr) what = "a Python exception left behind";
    if (what != nullptr) {
      // fault() may run Python code of ours; an interrupt that is set waits.
      const ErrorKeep keep;
      fault("leave", what);
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

PyObject* Hook::call(PyObject* callable, PyObject* const* args, std::size_t nargsf,
                     PyObject* kwnames) {
  const std::size_t count = static_cast<std::size_t>(PyVectorcall_NARGS(nargsf));
  if (off.load(std::memory_order_relaxed)) [[unlikely]]
    return forward(callable, args, nargsf, kwnames);
  if (only_for_ != nullptr &&
      (count == 0 || !PyObject_TypeCheck(args[0], reinterpret_cast<PyTypeObject*>(only_for_))))
    return forward(callable, args, nargsf, kwnames);
  if (form_ == Form::kMethod && count == 0) return forward(callable, args, nargsf, kwnames);
  Scope scope;
  PyObject* result = nullptr;
  if (target->enter != nullptr) {
    Call call(args, count, kwnames, binds_, target->data);
    if (!enter(call, scope)) return target->leave != nullptr ? leave(nullptr, scope) : nullptr;
    if (call.rewrite_) [[unlikely]]
      result = forward(callable, call.vector_, call.positional_ | PY_VECTORCALL_ARGUMENTS_OFFSET,
                       call.kwnames_);
    else
      result = forward(callable, args, nargsf, kwnames);
  } else {
    result = forward(callable, args, nargsf, kwnames);
  }
  if (target->leave == nullptr) return result;
  if (target->kind == Kind::kIterator && result != nullptr) {
    if (Ref follower = follow_iterator(result, watch_, scope, target->data)) {
      Py_DECREF(result);
      return follower.release();
    }
  }
  return leave(result, scope);
}

// A C method called through its bound form: self is apart.
PyObject* Hook::call_method(PyObject* self, PyObject* const* args, Py_ssize_t count,
                            PyObject* kwnames) {
  if (form_ == Form::kBuiltin)
    return call(original_, args, static_cast<std::size_t>(count), kwnames);
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

// --- in place ---

bool Hook::alive_for(Handle object) const {
  if (off.load(std::memory_order_relaxed) || object_ == nullptr) return false;
  if (form_ == Form::kBuiltin || form_ == Form::kMethod) return object.is(object_);
  const Ref now = Ref::steal(compat::weak_target(object_));
  return now && now.is(object);
}

const char* Hook::install(Handle object, Handle owner, bool binds, bool special) {
  if (slot_ < 0) {
    const int slot = slots_used.fetch_add(1, std::memory_order_relaxed);
    if (slot >= kSlots) return "too many hooks";
    slot_ = slot;
  }
  binds_ = binds;
  watch_.end = target->leave;
  if (owner) only_for_ = owner.share().release();
  if (is_function(object)) {
    if (!ready_function_type()) return "no type for functions";
    object_ = PyWeakref_NewRef(object.ptr(), nullptr);
    if (object_ == nullptr) {
      PyErr_Clear();
      return "no weak reference";
    }
    auto* function = reinterpret_cast<PyFunctionObject*>(object.ptr());
    original_call_ = function->vectorcall;
    slots[slot_].store(this, std::memory_order_release);
    off.store(false, std::memory_order_relaxed);
    const bool swap = special || !compat::kVectorcallIsHonoured;
    form_ = swap ? Form::kSwappedFunction : Form::kFunction;
    compat::set_vectorcall(object.ptr(), kEntries.call[slot_]);
    if (swap) Py_SET_TYPE(object.ptr(), &function_type);
    return nullptr;
  }
  slots[slot_].store(this, std::memory_order_release);
  if (Py_IS_TYPE(object.ptr(), &PyCFunction_Type)) {
    auto* builtin = reinterpret_cast<PyCFunctionObject*>(object.ptr());
    form_ = Form::kBuiltin;
    original_def_ = builtin->m_ml;
    original_ = PyCFunction_NewEx(builtin->m_ml, builtin->m_self, builtin->m_module);
    if (original_ == nullptr) {
      PyErr_Clear();
      return "no twin of the function";
    }
    def_ = {original_def_->ml_name,
            reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(kEntries.method[slot_])),
            METH_FASTCALL | METH_KEYWORDS, original_def_->ml_doc};
    builtin->m_ml = &def_;
    builtin->vectorcall = kEntries.call[slot_];
  } else {
    auto* method = reinterpret_cast<PyMethodDescrObject*>(object.ptr());
    form_ = Form::kMethod;
    original_def_ = method->d_method;
    original_ = PyDescr_NewMethod(PyDescr_TYPE(method), original_def_);
    if (original_ == nullptr) {
      PyErr_Clear();
      return "no twin of the method";
    }
    // Not our own vectorcall's business: a wrong self is for the original to refuse.
    if (!owner) only_for_ = Py_NewRef(reinterpret_cast<PyObject*>(PyDescr_TYPE(method)));
    def_ = {original_def_->ml_name,
            reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(kEntries.method[slot_])),
            METH_FASTCALL | METH_KEYWORDS, original_def_->ml_doc};
    method->d_method = &def_;
    method->vectorcall = kEntries.call[slot_];
  }
  object_ = object.share().release();
  off.store(false, std::memory_order_relaxed);
  return nullptr;
}

void Hook::uninstall() {
  if (off.exchange(true, std::memory_order_relaxed) || object_ == nullptr) return;
  const vectorcallfunc ours = kEntries.call[slot_];
  if (form_ == Form::kBuiltin) {
    auto* builtin = reinterpret_cast<PyCFunctionObject*>(object_);
    if (builtin->m_ml != &def_) return;
    builtin->m_ml = original_def_;
    builtin->vectorcall = reinterpret_cast<PyCFunctionObject*>(original_)->vectorcall;
  } else if (form_ == Form::kMethod) {
    auto* method = reinterpret_cast<PyMethodDescrObject*>(object_);
    if (method->d_method != &def_) return;
    method->d_method = original_def_;
    method->vectorcall = reinterpret_cast<PyMethodDescrObject*>(original_)->vectorcall;
  } else {
    const Ref function = Ref::steal(compat::weak_target(object_));
    if (!function) return;
    auto* object = reinterpret_cast<PyFunctionObject*>(function.ptr());
    if (object->vectorcall != ours) return;  // hooked again after us: pass through
    compat::set_vectorcall(function.ptr(), original_call_);
    // The first hook of a chain goes last, and only then is it a plain function again.
    bool chained = false;
    for (const vectorcallfunc other : kEntries.call) chained = chained || other == original_call_;
    if (!chained) Py_SET_TYPE(function.ptr(), &PyFunction_Type);
  }
}

// --- patching ---

Status PatchReport::status() const {
  if (missing.empty()) return {};
  std::string text = "hooks: not found:";
  for (const std::string& name : missing) text += " " + name + ";";
  if (held_back) text += " nothing was hooked";
  return Status::error(text);
}

PatchReport Patch::apply(std::span<const Target> targets, std::string_view library_version) {
  const ErrorKeep keep;
  PatchReport report;
  struct Ready {
    const Target* target;
    Found found;
  };
  std::vector<Ready> ready;
  for (const Target& target : targets) {
    if (!version_matches(library_version, target.versions)) {
      ++report.skipped;
      continue;
    }
    const std::string_view where = target.where;
    const std::size_t colon = where.find(':');
    const Ref module = imported(std::string(where.substr(0, colon)).c_str());
    if (!module) {
      ++report.waiting;
      continue;
    }
    Found found;
    if (colon == std::string_view::npos)
      found.problem = "no attribute is named";
    else if (target.kind != Kind::kCall && target.kind != Kind::kIterator)
      found.problem = "this kind is not supported yet";
    else
      found = find(module, where.substr(colon + 1));
    if (found.problem != nullptr) {
      report.missing.push_back(std::string(where) + ": " + found.problem);
      report.held_back = report.held_back || !target.optional;
      continue;
    }
    bool already = false;
    for (const Hook* hook : hooks_)
      already = already || (hook->target == &target && hook->alive_for(found.object));
    if (already)
      ++report.already;
    else
      ready.push_back({&target, static_cast<Found&&>(found)});
  }
  if (report.held_back) return report;
  for (Ready& row : ready) {
    auto* hook = new Hook;  // never freed: calls may be inside it at any time
    hook->target = row.target;
    const char* problem =
        hook->install(row.found.object, row.found.inherited ? Handle(row.found.owner) : Handle(),
                      row.found.binds, row.found.special);
    if (problem != nullptr) {
      report.missing.push_back(std::string(row.target->where) + ": " + problem);
      continue;
    }
    // Instructions that have already inlined an __init__ look at the class's version.
    if (row.found.owner) PyType_Modified(reinterpret_cast<PyTypeObject*>(row.found.owner.ptr()));
    hooks_.push_back(hook);
    ++report.applied;
  }
  return report;
}

void Patch::remove() {
  const ErrorKeep keep;
  while (!hooks_.empty()) {  // the newest first, so that chains unwind
    hooks_.back()->uninstall();
    hooks_.pop_back();
  }
}

std::uint64_t Patch::faults() const {
  std::uint64_t total = 0;
  for (const Hook* hook : hooks_) total += hook->faults.load(std::memory_order_relaxed);
  return total;
}

std::uint64_t hook_faults() { return all_faults.load(std::memory_order_relaxed); }

void set_fault_report(FaultReport report) { fault_report.store(report, std::memory_order_relaxed); }

bool version_matches(std::string_view version, std::string_view range) {
  if (version.empty()) return true;
  while (!range.empty()) {
    const std::size_t comma = range.find(',');
    std::string_view clause = range.substr(0, comma);
    range = comma == std::string_view::npos ? std::string_view() : range.substr(comma + 1);
    while (!clause.empty() && clause.front() == ' ') clause.remove_prefix(1);
    std::size_t length = 0;
    while (length < clause.size() && (clause[length] == '<' || clause[length] == '>' ||
                                      clause[length] == '=' || clause[length] == '!'))
      ++length;
    const std::string_view op = clause.substr(0, length);
    const int order = compare_versions(version, clause.substr(length));
    const bool holds = op == ">="   ? order >= 0
                       : op == "<"  ? order < 0
                       : op == "<=" ? order <= 0
                       : op == ">"  ? order > 0
                       : op == "!=" ? order != 0
                                    : order == 0;
    if (!holds) return false;
  }
  return true;
}

bool Outcome::follow(Kind kind, const Watch& watch, Scope& scope) {
  if (kind != Kind::kIterator) return false;
  Ref follower = follow_iterator(replacement_ ? Handle(replacement_) : result, watch, scope, data_);
  if (!follower) return false;
  replacement_ = static_cast<Ref&&>(follower);
  return true;
}

void count_fault() { all_faults.fetch_add(1, std::memory_order_relaxed); }

}  // namespace dd::py
