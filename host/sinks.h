// Where finished traces go, and the end of that.

#pragma once

namespace dd::host {

// At the end of the process: whether it has anything to tell. Any thread.
bool will_speak();
// The program uses the package: it tells that it runs, and asks for configurations, before its
// first trace. With the GIL.
void speak_soon();
// Sends what is waiting and ends the worker's thread; at most some seconds with an agent, a tenth
// of one without. At the end of the process, without the GIL.
void stop_worker();

}  // namespace dd::host
