// `ddpython --dd-local`: finished traces as a tree on standard error, instead of sending them.
//
//     web.request GET /orders/7    12.3 ms  shop  200
//     ├─ sqlite.query SELECT *      1.2 ms  db    3 rows
//     └─ pay                        8.0 ms  shop  ✗ ValueError: no card
//
// One write for each trace, on the thread that finished it, so lines of threads and processes do
// not mix. Colours when standard error is a terminal and NO_COLOR is not set.

#pragma once

#include <string>

#include "core/trace/tracer.h"

namespace dd::local {

// The text of one delivery; ends with a newline.
std::string render_tree(const trace::Delivery& delivery, bool colours);

class TreePrinter final : public trace::Sink {
 public:
  explicit TreePrinter(bool colours) : colours_(colours) {}
  void accept(trace::Delivery* delivery) override;

 private:
  const bool colours_;
};

// Puts the printer behind the tracer. Once, during start-up.
void start_tree_printer();

}  // namespace dd::local
