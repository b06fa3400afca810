#include "core/propagation/tally.h"

namespace dd::propagation {

constinit Tally tally;

void clear_tally() {
  for (int i = 0; i < kStyles; ++i) {
    tally.extracted[i].clear();
    tally.injected[i].clear();
  }
  for (Count* const one : {&tally.malformed_baggage, &tally.too_many_items, &tally.too_many_bytes})
    one->clear();
}

}  // namespace dd::propagation
