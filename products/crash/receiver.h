// The copy of the program that reports a crash: reads the words of pipe.h from its standard input
// and sends the messages of report.h. No Python, no settings: what it must know is in the words.

#pragma once

namespace dd::crash {

// The command line of such a copy.
bool is_receiver(int argc, char** argv);
int run_receiver();

}  // namespace dd::crash
