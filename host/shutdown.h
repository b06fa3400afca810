// The end of the process.
//
// What is registered here runs once, when CPython has finalised: after the application's atexit
// functions and non-daemon threads, without the GIL, and before a death by Ctrl-C. It also runs
// when some library calls exit(). os._exit and other signals end the process without it.
//
// Functions run last registered first, on the thread that ends the process. They may wait, within
// their own deadline; the exit status is settled and cannot be changed.

#pragma once

namespace dd::host {

using ExitFunction = void (*)();

// Any thread. After a library with exit handlers of its own was loaded (OpenSSL), registering once
// more, with the same function, makes it run before that library's. Returns false when the table
// of 16 is full.
bool at_exit(ExitFunction function);

// Ties the table to CPython's finalisation; called by the interpreter. GIL held.
void watch_finalization();

// Runs what is registered, once.
void run_exit_functions();

}  // namespace dd::host
