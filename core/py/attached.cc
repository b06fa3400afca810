#include "core/py/attached.h"

#include <unordered_map>

#include "core/py/error.h"

namespace dd::py {

struct AttachedBase::Table {
  struct Entry {
    Ref weak;
    void* state;
    void (*drop)(void*);
  };
  std::unordered_map<PyObject*, Entry> entries;      // by object
  std::unordered_map<PyObject*, PyObject*> objects;  // by weak reference
  PyMethodDef definition;
  Ref on_death;  // the callback of each weak reference
};

AttachedBase::Table* AttachedBase::table() {
  if (table_ != nullptr) return table_;
  auto* made = new Table{.definition = {"object_died", object_died, METH_O, nullptr}};
  const Ref capsule = Ref::steal(PyCapsule_New(this, nullptr, nullptr));
  if (capsule) made->on_death = Ref::steal(PyCFunction_New(&made->definition, capsule.ptr()));
  if (!made->on_death) {
    PyErr_Clear();
    delete made;
    return nullptr;
  }
  return table_ = made;
}

PyObject* AttachedBase::object_died(PyObject* capsule, PyObject* weak) {
  auto* self = static_cast<AttachedBase*>(PyCapsule_GetPointer(capsule, nullptr));
  if (self == nullptr) return nullptr;
  if (const auto found = self->table_->objects.find(weak); found != self->table_->objects.end())
    self->detach(found->second);
  return Py_NewRef(Py_None);
}

void* AttachedBase::find_state(Handle object) const {
  if (table_ == nullptr || !object) return nullptr;
  const auto found = table_->entries.find(object.ptr());
  return found != table_->entries.end() ? found->second.state : nullptr;
}

bool AttachedBase::put_state(Handle object, void* state, void (*drop)(void*)) {
  detach(object);
  Table* into = table();
  Ref weak;
  if (into != nullptr && object) {
    const ErrorKeep keep;
    weak = Ref::steal(PyWeakref_NewRef(object.ptr(), into->on_death.ptr()));
    PyErr_Clear();
  }
  if (!weak) {
    drop(state);
    return false;
  }
  into->objects.emplace(weak.ptr(), object.ptr());
  into->entries.emplace(object.ptr(), Table::Entry{std::move(weak), state, drop});
  return true;
}

void AttachedBase::detach(Handle object) {
  if (table_ == nullptr) return;
  const auto found = table_->entries.find(object.ptr());
  if (found == table_->entries.end()) return;
  const ErrorKeep keep;
  Table::Entry entry = std::move(found->second);
  table_->entries.erase(found);
  table_->objects.erase(entry.weak.ptr());
  entry.drop(entry.state);  // may come back to this table
}

std::size_t AttachedBase::size() const { return table_ != nullptr ? table_->entries.size() : 0; }

}  // namespace dd::py
