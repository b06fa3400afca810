// Hooks under every fault: a program runs once for each kind of fault at each step of the engine.

#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <span>

#include "core/py/error.h"
#include "core/py/fault.h"
#include "core/py/hook.h"

namespace dd::tests {

// Applies `targets`, all of which must take, before each run. Gives the number of steps.
template <class Run>
int with_every_fault(std::span<const py::Target> targets, const Run& run) {
  int steps = 0;
  for (const py::Fault fault :
       {py::Fault::kThrow, py::Fault::kOutOfMemory, py::Fault::kPythonError}) {
    for (int at = 0; at <= steps; ++at) {
      py::Patch patch;
      EXPECT_EQ(patch.apply(targets).applied, static_cast<int>(targets.size()));
      py::FaultPlan plan{.fault = fault, .at = at};
      py::arm(&plan);
      run();
      py::arm(nullptr);
      steps = std::max(steps, plan.seen);
      EXPECT_EQ(PyErr_Occurred(), nullptr);
      patch.remove();
    }
  }
  return steps;
}

}  // namespace dd::tests
