// What Python calls around a fork of its own (os.fork, multiprocessing), with the GIL. Forks of C
// code come through core/base/fork.h only: what a fork must mend belongs there.

#pragma once

namespace dd::py {

enum class AtFork : unsigned char { kBefore, kInChild };

// From now on, in all processes to come. `what` leaves no Python error; an error that is pending
// when it is called is kept. With the GIL.
void call_at_fork(AtFork when, void (*what)());

}  // namespace dd::py
