#include <charconv>

#include "core/py/engine.h"
#include "core/py/error.h"

namespace dd::py {
namespace {

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
  std::erase_if(hooks_, [](Hook* hook) {
    const bool dead = hook->is_dead();
    if (dead) hook->give_back();
    return dead;
  });
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
    Hook* hook = Hook::take(row.found.object);
    const char* problem =
        hook == nullptr ? "too many hooks"
                        : hook->install(*row.target, row.found.object,
                                        row.found.inherited ? Handle(row.found.owner) : Handle(),
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
