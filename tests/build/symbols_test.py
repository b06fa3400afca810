"""What a program exports and loads, against an allow-list.

    symbols_test.py PROGRAM [PRELOADED]

It must offer the C API of CPython and nothing else (without an interpreter of its own, as a preloaded
ddpython: nothing at all): a symbol of ours, of Abseil or of libstdc++ in
the dynamic table would be bound to by the user's wheels. It must need nothing beyond the C library
and what the interpreter itself needs. What other programs preload (host/children/preload.cc) takes the
calls it is for, and needs the C library alone.
"""

import re
import subprocess
import sys

# Data of the C library that a non-PIC program copies into itself.
COPIES = re.compile(r"^(__environ|environ|_environ|stdin|stdout|stderr|optarg|optind|timezone|tzname|daylight"
                    r"|__timezone|__tzname|__daylight|program_invocation_name|signgam|__libc_single_threaded)(@|$)")
# In the place of the C library's, for extension modules of CPython (host/exec_calls.h).
TAKEN = {"execv", "execve", "__libc_start_main"}
NEEDED = re.compile(r"^(libc|libm|libdl|libutil|libpthread|libz|libexpat|ld-linux[^.]*|libcrypt)\.so\.")


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def check_preloaded(library):
    exported = [line.split()[-1] for line in run("nm", "-D", "--defined-only", library).splitlines()]
    needed = re.findall(r"NEEDED.*\[(.*)\]", run("readelf", "-d", library))
    faults = [name for name in exported if not name.startswith(("exec", "posix_spawn"))]
    faults += [name for name in needed if not name.startswith("libc.so.")]
    print(*(f"{library}: {name}" for name in faults), sep="\n", end="")
    return bool(faults)


def main(program, preloaded=None):
    exported = [line.split()[-1] for line in run("nm", "-D", "--defined-only", program).splitlines()]
    foreign = [name for name in exported if not name.startswith(("Py", "_Py")) and not COPIES.match(name)
               and name not in TAKEN]
    needed = re.findall(r"NEEDED.*\[(.*)\]", run("readelf", "-d", program))
    unexpected = [name for name in needed if not NEEDED.match(name)]
    api = {"Py_RunMain", "PyObject_Call", "PyExc_ValueError", "_Py_NoneStruct"}
    if "__libc_start_main" in exported:
        api, foreign = set(), sorted(set(exported) - TAKEN)
    for title, names in (("exported", foreign), ("needed", unexpected), ("missing", sorted(api - set(exported)))):
        for name in names:
            print(f"{title}: {name}")
    print(f"{len(exported)} symbols exported, needs {' '.join(needed)}")
    return bool(foreign or unexpected or api - set(exported)) or (
        preloaded is not None and check_preloaded(preloaded))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
