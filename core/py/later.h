// Calls from threads that do not hold the GIL into Python's main thread.

#pragma once

namespace dd::py {

// With the GIL, once, before call_later().
void allow_later_calls();

// `what` runs soon on the main thread, with the GIL; it must leave no Python error. Any thread,
// with or without the GIL. False when Python has ended or too many calls wait: it will not run.
bool call_later(void (*what)());

}  // namespace dd::py
