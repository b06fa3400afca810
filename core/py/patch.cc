#include <charconv>

#include "core/py/engine.h"
#include "core/py/error.h"

namespace dd::py {
namespace {

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

Place find_place(const Ref& module, std::string_view path) {
  Place place;
  place.parent = module.share();
  for (std::size_t dot; (dot = path.find('.')) != std::string_view::npos;
       path.remove_prefix(dot + 1)) {
    place.parent = place.parent.attr(std::string(path.substr(0, dot)).c_str());
    if (!place.parent) {
      place.problem = "no such class";
      return place;
    }
  }
  place.name = path;
  place.special = place.name.starts_with("__") && place.name.ends_with("__");
  Ref& object = place.object;
  if (place.parent.is_class()) {
    place.owner = place.parent.share();
    Ref defined_by;
    place.parent.attr("__mro__").each([&](Handle type) {
      if (object) return;
      object = type.attr("__dict__").item(place.name.c_str());
      if (object) defined_by = type.share();
    });
    place.inherited = defined_by && !defined_by.is(place.owner);
    if (defined_by) place.parent = static_cast<Ref&&>(defined_by);
    place.binds = true;
    if (object && PyObject_TypeCheck(object.ptr(), &PyStaticMethod_Type)) place.binds = false;
    if (object && (PyObject_TypeCheck(object.ptr(), &PyStaticMethod_Type) ||
                   PyObject_TypeCheck(object.ptr(), &PyClassMethod_Type))) {
      object = object.attr("__func__");
      place.parent = Ref();
    }
    if (object && PyObject_TypeCheck(object.ptr(), &PyProperty_Type)) {
      object = object.attr("fget");
      place.parent = Ref();
      place.special = true;  // 3.12 inlines exact functions of properties
    }
  } else {
    object = place.parent.attr(place.name.c_str());
  }
  if (!object) {
    place.problem = "no such attribute";
  } else if (!object.is_callable()) {
    place.problem = "not a function";
  } else if (object.is_class()) {
    place.problem = trouble_with_class(object);
    place.binds = place.inherited = false;
    return place;
  } else if (Py_IS_TYPE(object.ptr(), &PyWrapperDescr_Type) && !is_type_slot(object)) {
    place.problem = "a slot of a type written in C";
  } else if (PyMethod_Check(object.ptr())) {
    // A method bound to one object, kept as an attribute: random.random and the like.
    place.only = Ref::borrow(PyMethod_GET_SELF(object.ptr()));
    object = Ref::borrow(PyMethod_GET_FUNCTION(object.ptr()));
    place.parent = Ref();
    place.binds = true;
    place.inherited = false;
  } else if (!is_function(object) && own_vectorcall(object) == nullptr) {
    // An object of a class that says in Python how it is called.
    Ref call;
    object.type().attr("__mro__").each([&](Handle type) {
      if (!call) call = type.attr("__dict__").item("__call__");
    });
    if (is_function(call)) {
      place.only = static_cast<Ref&&>(object);
      object = static_cast<Ref&&>(call);
      place.special = place.binds = true;
      place.inherited = false;
    }
  }
  if (object && !is_function(object) && own_vectorcall(object) != nullptr &&
      (Py_TYPE(object.ptr())->tp_descr_get == nullptr ||
       (!compat::kPartialBinds &&
        std::string_view(Py_TYPE(object.ptr())->tp_name) == "functools.partial")))
    place.binds = false;
  if (place.owner && place.name == "__new__") place.binds = true;  // self() is the class
  return place;
}

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
    Place place;
  };
  std::vector<Ready> ready;
  forget_dead();
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
    Place found;
    if (colon == std::string_view::npos)
      found.problem = "no attribute is named";
    else
      found = find_place(module, where.substr(colon + 1));
    if (found.problem != nullptr) {
      report.missing.push_back(std::string(where) + ": " + found.problem);
      report.held_back = report.held_back || !target.optional;
      continue;
    }
    bool already = false;
    for (const Hook* hook : hooks_)
      already = already || (hook->target == &target && hook->alive_for(found));
    if (already)
      ++report.already;
    else
      ready.push_back({&target, static_cast<Place&&>(found)});
  }
  if (report.held_back) return report;
  for (Ready& row : ready) {
    Hook* hook = Hook::take(row.place.object);
    const char* problem =
        hook == nullptr ? "too many hooks" : hook->install(*row.target, row.place);
    if (problem != nullptr) {
      report.missing.push_back(std::string(row.target->where) + ": " + problem);
      continue;
    }
    // Instructions that have already inlined an __init__ look at the class's version.
    if (row.place.owner) PyType_Modified(reinterpret_cast<PyTypeObject*>(row.place.owner.ptr()));
    hooks_.push_back(hook);
    ++report.applied;
  }
  return report;
}

void Patch::forget_dead() {
  std::erase_if(hooks_, [](Hook* hook) {
    const bool dead = hook->is_dead();
    if (dead) hook->give_back();
    return dead;
  });
}

bool Patch::adopt(Handle function, const Target& target) {
  const ErrorKeep keep;
  forget_dead();
  Place place;
  place.binds = PyMethod_Check(function.ptr());
  place.object =
      place.binds ? Ref::borrow(PyMethod_GET_FUNCTION(function.ptr())) : function.share();
  if (!is_function(place.object) || hooks_.size() >= kSlots / 2) return false;
  for (const Hook* hook : hooks_)
    if (hook->target == &target && hook->alive_for(place)) return false;
  Hook* hook = Hook::take(place.object);
  if (hook == nullptr || hook->install(target, place) != nullptr) return false;
  hooks_.push_back(hook);
  return true;
}

void Patch::remove() {
  const ErrorKeep keep;
  while (!hooks_.empty()) {  // the newest first, so that chains unwind
    hooks_.back()->give_back();
    hooks_.pop_back();
  }
}

std::uint64_t Patch::faults() const {
  std::uint64_t total = 0;
  for (const Hook* hook : hooks_) total += hook->faults.load(std::memory_order_relaxed);
  return total;
}

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

}  // namespace dd::py
