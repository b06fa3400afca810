// Where finished traces go, and the end of that.

#pragma once

namespace dd::host {

// The products have started: what is asked below counts from here.
void begin_in_silence();
// At the end of the process: whether it has anything to tell. Any thread.
bool will_speak();
// Sends what is waiting and ends the worker's thread; at most some seconds with an agent, a tenth
// of one without. At the end of the process, without the GIL.
void stop_worker();

}  // namespace dd::host
