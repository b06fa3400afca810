// Receivers of a library's signals, connected while its integration is on.
//
//     constexpr SignalReceiver kReceivers[] = {{"task_prerun", before_run}};
//     constinit SignalReceivers receivers("celery.signals", kReceivers);
//
// GIL held; nothing here raises, and a receiver cannot break the signal's sender.

#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "core/py/ref.h"

namespace dd::contrib {

struct SignalReceiver {
  const char* signal;                 // the object's name in its module
  void (*receive)(py::Handle named);  // what the signal was sent with
};

class SignalReceivers {
 public:
  // Lives as long as the program; so does the table, of at most `kMost` rows.
  constexpr SignalReceivers(const char* module, std::span<const SignalReceiver> table)
      : module_(module), table_(table) {}

  void connect();  // those that are not connected yet
  void disconnect();

 private:
  static constexpr std::size_t kMost = 16;

  const char* module_;
  std::span<const SignalReceiver> table_;
  std::array<PyObject*, kMost> functions_{};  // while they are connected
};

}  // namespace dd::contrib
