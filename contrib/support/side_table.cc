#include "contrib/support/side_table.h"

#include <cstdint>

#include "contrib/support/terms.h"

namespace dd::contrib {
namespace {

Ref address_of(Handle object) {
  return py::unsigned_integer(reinterpret_cast<std::uintptr_t>(object.ptr()));
}

// self: (rows, address). Called with the weak reference of an object that has just died.
PyObject* forget_row(PyObject* self, PyObject*) {
  (void)Handle(PyTuple_GET_ITEM(self, 0)).delete_item(PyTuple_GET_ITEM(self, 1));
  return Py_NewRef(Py_None);
}
constinit PyMethodDef forget_row_definition = {"forget_row", forget_row, METH_O, nullptr};

}  // namespace

void SideTable::put(Handle object, Handle value) {
  if (!object || !value) return;
  if (!rows_) rows_ = py::dict().release();
  const Ref address = address_of(object);
  Ref weak = Handle(rows_).item(address).item(Py_ssize_t{0});
  if (!weak) {
    const Handle parts[] = {rows_, address};
    const Ref self = py::tuple(parts);
    const Ref forgets = Ref::steal(PyCFunction_New(&forget_row_definition, self.ptr()));
    weak = Ref::steal(PyWeakref_NewRef(object.ptr(), forgets.ptr()));
    if (!weak) return py::swallow_error();
  }
  const Handle row[] = {weak, value};
  (void)Handle(rows_).set_item(address, py::tuple(row));
}

Ref SideTable::get(Handle object) const {
  if (!rows_ || !object) return {};
  return Handle(rows_).item(address_of(object)).item(Py_ssize_t{1});
}

void SideTable::remove(Handle object) {
  if (rows_ && object) (void)Handle(rows_).delete_item(address_of(object));
}

}  // namespace dd::contrib
