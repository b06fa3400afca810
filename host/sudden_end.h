// Ends of the process that CPython does not finalise: what is finished is sent first.
//
//   os._exit()        also the end of every multiprocessing child that was forked
//   os.exec*()        the program is replaced; when that fails, it goes on
//   SIGTERM           while nobody handles it; also SIGHUP, and SIGINT when Python's own
//                     handler was taken away. The process still dies by the signal.
//
// The program is linked with --wrap for _exit and sigaction, so these are CPython's own
// calls; a C library that calls them itself is not seen. Between vfork and exec nothing is done:
// the process is still its parent's. Each end waits at most half a second while the agent takes
// what is sent, less than a tenth when nothing moves, and not at all while no agent can be reached.
//
// These have a handler of ours from the first trace on, in the place of the default action only:
// signal.signal() puts its own there, and going back to SIG_DFL brings ours back. To the caller
// ours is the default: that is what sigaction() returns. The first process of a container keeps the
// default action, which there means to ignore the signal.

#pragma once

namespace dd::host {

// From now on `flush` is called before this process ends suddenly. It must be safe in a signal
// handler and come back within its own deadline. Call again after a fork; any thread.
void watch_sudden_ends(void (*flush)());

// What happens before such an end: for ends that are known elsewhere. Any thread.
void before_sudden_end();

}  // namespace dd::host
