// What is known of an application's object, kept beside it: the object itself is not touched and
// dies when the application drops it. For objects that can be weakly referenced; others are not
// known.
//
//   constinit SideTable connections;
//   connections.put(connection, facts);   connections.get(connection).item(0)
//
// GIL held; nothing here raises.

#pragma once

#include "core/py/ref.h"

namespace dd::contrib {

class SideTable {
 public:
  constexpr SideTable() = default;
  void put(py::Handle object, py::Handle value);
  py::Ref get(py::Handle object) const;  // empty when nothing is known
  void remove(py::Handle object);
  bool empty() const { return rows_ == nullptr || py::Handle(rows_).size() == 0; }

 private:
  PyObject* rows_ = nullptr;  // address -> (weak reference, value); for the life of the process
};

}  // namespace dd::contrib
