// CPython's calls that replace the program.

#include <unistd.h>

#include "host/sudden_end.h"

extern "C" {
int __real_execv(const char* path, char* const argv[]);
int __real_execve(const char* path, char* const argv[], char* const envp[]);
int __real_fexecve(int file, char* const argv[], char* const envp[]);

int __wrap_execv(const char* path, char* const argv[]) {
  dd::host::before_sudden_end();
  return __real_execv(path, argv);
}

int __wrap_execve(const char* path, char* const argv[], char* const envp[]) {
  dd::host::before_sudden_end();
  return __real_execve(path, argv, envp);
}

int __wrap_fexecve(int file, char* const argv[], char* const envp[]) {
  dd::host::before_sudden_end();
  return __real_fexecve(file, argv, envp);
}
}
