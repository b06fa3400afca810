// `ddtrace._native.Batch`: entries for an intake, collected and sent natively
// (core/transport/batch.h).

#pragma once

#include <Python.h>

namespace dd::pyshim {

PyTypeObject* batch_type();  // made on first use; null with an error set

}  // namespace dd::pyshim
