#include "core/py/engine.h"
#include "core/py/following.h"

namespace dd::py {

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

bool Outcome::follow(Kind kind, const Watch& watch, Scope& scope) {
  const Handle now = replacement_ ? Handle(replacement_) : result;
  Ref followed = py::follow(now, kind, {watch, data_, hook_}, scope);
  if (!followed) return false;
  if (!followed.is(now)) replacement_ = static_cast<Ref&&>(followed);
  return true;
}

}  // namespace dd::py
