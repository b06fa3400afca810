// The program.

#include "host/bootstrap.h"

int main(int argc, char** argv) { return dd::host::run(argc, argv); }
