"""Every way to start python gives the same output, errors and exit status under ddpython."""

import pathlib
import re
import signal
import sys
import zipfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from fakes.agent import Agent  # noqa: E402

SHOW = "import sys; print(sys.argv, sys.flags, sys.path, sys.prefix, sys.base_prefix)"
CASES = {
    "-c": ["-c", SHOW, "a", "--dd-mine"],
    "-m": ["-m", "this"],
    "-m of a module that is missing": ["-m", "no_such_module"],
    "-E -s -B": ["-E", "-s", "-B", "-c", SHOW],
    "-I": ["-I", "-c", SHOW],
    "-S": ["-S", "-c", SHOW],
    "-O and -X": ["-OO", "-X", "dev", "-c", SHOW + "; print(sys._xoptions, __debug__)"],
    "-W": ["-W", "error", "-c", "import warnings; warnings.warn('x')"],
    "-u": ["-u", "-c", "import sys; print(sys.stdout.line_buffering)"],
    "-V": ["-V"],
    "-VV": ["-VV"],
    "an option python does not know": ["-Z"],
    "a script that is missing": ["no_such_script.py"],
    "exit with a number": ["-c", "import sys; sys.exit(7)"],
    "exit with a text": ["-c", "import sys; sys.exit('bye')"],
    "exit with nothing": ["-c", "import sys; sys.exit()"],
    "os._exit": ["-c", "import os; os._exit(5)"],
    "an exception": ["-c", "1 / 0"],
    "a syntax error": ["-c", "1 +"],
    "death by SIGTERM": ["-c", "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"],
    "death by SIGKILL": ["-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"],
    "death by Ctrl-C": ["-c", "raise KeyboardInterrupt"],
    "atexit": ["-c", "import atexit; atexit.register(print, 'end'); print('start')"],
    "a child by sys.executable": [
        "-c", "import subprocess, sys; print(subprocess.run([sys.executable, '-c', "
              "'import sys; print(sys.executable)']).returncode)"],
    "fork": ["-c", "import os; p = os.fork() or os._exit(3); print(os.waitpid(p, 0)[1])"],
}


@pytest.mark.parametrize("arguments", CASES.values(), ids=CASES.keys())
def test_command_line(both, arguments):
    plain, launcher = both.outcomes(*arguments)
    assert launcher == plain


def test_standard_input(both):
    plain, launcher = both.outcomes(input="import sys\nprint(sys.argv)\n1 / 0\n")
    assert launcher == plain
    plain, launcher = both.outcomes("-", "x", input="import sys\nprint(sys.argv)\n")
    assert launcher == plain


def test_interactive(both):
    plain, launcher = both.outcomes("-i", "-c", "x = 1", input="print(x)\n")
    assert launcher == plain


def test_directory_and_archive(both, tmp_path):
    source = "import sys; print(sys.argv[1:], __name__, __spec__.name)\n"
    (tmp_path / "__main__.py").write_text(source)
    plain, launcher = both.outcomes(tmp_path, "a")
    assert launcher == plain and plain[0] == 0
    with zipfile.ZipFile(tmp_path / "app.zip", "w") as archive:
        archive.writestr("__main__.py", source)
    plain, launcher = both.outcomes(tmp_path / "app.zip", "a")
    assert launcher == plain and plain[0] == 0


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(both, tmp_path, method):
    script = tmp_path / "work.py"
    script.write_text(
        "import multiprocessing as m, sys\n"
        "def work(n): return n * 2, sys.executable\n"
        "if __name__ == '__main__':\n"
        f"    with m.get_context('{method}').Pool(2) as pool: print(pool.map(work, range(3)))\n")
    plain, launcher = both.outcomes(script)
    assert launcher == plain and plain[0] == 0


# What a program can see of its process without looking for us, a fact a line.
PROBE = """
import sys
modules, path = sorted(m for m in sys.modules if not m.startswith("ddtrace")), list(sys.path)
import atexit, builtins, locale, logging, os, re, resource, signal, socket, threading, warnings
facts = {
    "modules": modules, "path": path,
    "finders": [f for f in sys.meta_path if type(f).__name__ != "Finder"],
    "path hooks": sys.path_hooks, "threads": [(t.name, t.daemon) for t in threading.enumerate()],
    "thread hooks": (threading.excepthook, threading.gettrace(), threading.getprofile()),
    "environment": sorted(os.environ.items()), "folder": os.getcwd(),
    "warnings": (warnings.filters, warnings.showwarning),
    "signals": [(s, signal.getsignal(s)) for s in sorted(signal.valid_signals())],
    "mask": signal.pthread_sigmask(signal.SIG_BLOCK, []), "timer": signal.getitimer(0),
    "builtins": sys.builtin_module_names, "names": sorted(vars(builtins)), "flags": sys.flags,
    "hooks": (sys.excepthook, sys.unraisablehook, sys.displayhook, sys.breakpointhook),
    "tracing": (sys.gettrace(), sys.getprofile(), sys.getrecursionlimit(), sys.getswitchinterval()),
    "asyncgen": sys.get_asyncgen_hooks(), "options": (sys._xoptions, sys.warnoptions),
    "logging": (logging.root.handlers, logging.root.level, logging.root.manager.loggerDict,
                logging._handlerList, logging.getLoggerClass(), logging.getLogRecordFactory()),
    "atexit": atexit._ncallbacks(), "locale": locale.setlocale(locale.LC_ALL),
    "socket": socket.getdefaulttimeout(), "limits": resource.getrlimit(resource.RLIMIT_NOFILE),
    "streams": (sys.stdin.encoding, sys.stdout.errors, sys.stderr.line_buffering),
    "descriptors": sorted(os.listdir("/proc/self/fd")), "tasks": len(os.listdir("/proc/self/task")),
    "signals caught": [l for l in open("/proc/self/status") if re.match("Sig[BIC]", l)],
}
for name, value in facts.items():
    print(name, re.sub(" at 0x[0-9a-f]+", "", repr(value)))
"""


SILENT = {"DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false", "DD_REMOTE_CONFIGURATION_ENABLED": "false",
          "DD_CRASHTRACKING_ENABLED": "false"}


def caught_signals(pair):
    masks = [int(re.search(r"SigCgt:.t([0-9a-f]+)", line)[1], 16) for line in pair]
    return masks[0] ^ masks[1]


def test_leaves_no_trace(both):
    plain, launcher = both.outcomes("-c", PROBE, env=SILENT)
    facts = zip(plain[1].splitlines(), launcher[1].splitlines())
    assert [pair for pair in facts if pair[0] != pair[1]] == []
    assert launcher == plain and plain[0] == 0


CRASHES = sum(1 << n - 1 for n in (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGABRT))


def test_handlers_of_crashes_are_all(both):
    plain, launcher = both.outcomes("-c", PROBE)
    facts = zip(plain[1].splitlines(), launcher[1].splitlines())
    [caught] = [pair for pair in facts if pair[0] != pair[1]]
    assert caught[0].startswith("signals caught") and caught_signals(caught) == CRASHES


def test_a_span_leaves_what_it_needs(both):
    """One thread, its connections and native handlers of signals; else nothing a program sees."""
    span = "from ddtrace.trace import tracer\nwith tracer.trace('a'): pass\ntracer.flush()\n"
    with Agent() as agent:
        env = {"DD_TRACE_AGENT_URL": agent.url}
        _, plain, _ = both.run(both.plain, "-c", PROBE, env=env)
        code, out, err = both.run(both.launcher, "-c", span + PROBE, env=env)
        assert (code, err, len(agent.spans(1))) == (0, "", 1)
    plain = plain.replace(str(both.plain), str(both.launcher))
    different = [pair for pair in zip(plain.splitlines(), out.splitlines()) if pair[0] != pair[1]]
    if different[0][0].startswith("modules"):  # what `import ddtrace` may need
        before, after = (set(re.findall("'([^']+)'", line)) for line in different.pop(0))
        needed = both.run(both.plain, "-c", "import __future__, functools, inspect, typing; "
                          "import sys; print(*sys.modules)")[1].split()
        assert after - before <= set(needed)
    [logging] = [pair for pair in different if pair[0].startswith("logging")]  # the logger `ddtrace`
    assert "ddtrace" in logging[1]
    different.remove(logging)
    [descriptors, tasks, caught] = different
    # A connection for each kind of what is sent (traces, telemetry, what the agent can do), and the record of the process.
    assert descriptors[1].count(",") - descriptors[0].count(",") in (2, 3, 4)
    assert tasks == ("tasks 1", "tasks 2")
    assert caught_signals(caught) == CRASHES | sum(1 << n - 1 for n in (signal.SIGTERM, signal.SIGHUP, 33))


def test_sitecustomize_runs_once(both, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("print('site')")
    (tmp_path / "usercustomize.py").write_text("print('user')")
    plain, launcher = both.outcomes("-c", "print('app')", env={"PYTHONPATH": str(tmp_path)})
    assert launcher == plain and plain[1].count("site") == 1
