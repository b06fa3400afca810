// The program. Reads its command line as python would and runs the interpreter.

#include "host/interpreter.h"

int main(int argc, char** argv) { return dd::host::run_interpreter(argc, argv); }
