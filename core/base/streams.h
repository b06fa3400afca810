// The standard streams, as the process got them.
//
// A stream that is closed at the start is nobody's: its number is given to the next file that the
// application opens, and what was meant for the user would end up in there.

#pragma once

namespace dd::base {

// Once, before the interpreter.
void look_at_streams();
// Standard error was open at the start.
bool has_stderr();
// `file`, or a copy of it above the numbers of the standard streams, which are not for us to take.
// Negative when there is none.
int above_streams(int file);

}  // namespace dd::base
