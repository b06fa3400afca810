// The copy of this program that sends what a process left behind (estate.h). It has no Python and
// no settings, holds nothing of the application's but the memory, and is gone when it has nothing
// to send: soon after a process that ended as usual.

#pragma once

namespace dd::transport {

// Starts it: no child of this process, so no wait() of the application's sees it; no handler of
// forks runs. It waits for the end of this process and for the other end of the pipe to close,
// whichever comes first. False: there is none. On a thread with all signals blocked; it does not
// wait for the start, which goes on when this process is killed meanwhile, though not when it dumps
// core: the kernel then ends whoever shares its memory, which the start does until it executes.
//
// A process that inherits orphans (the first of its container, a subreaper) has none: it would see
// the heir, and the first process takes all others along.
bool start_heir(int memory, int alive);
// What started it is gone: to be asked now and then.
void reap_starter();

bool is_heir(int argc, char** argv);  // the command line of such a copy
int run_heir();

}  // namespace dd::transport
