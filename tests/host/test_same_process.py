"""What surrounds a program (descriptors, limits, variables, namespaces, signals) is to ddpython what it is to python."""

import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile

import pytest
from conftest import clean_environment

DESCRIPTORS = """
import os, sys
open("seen", "w").write(repr([s and s.fileno() for s in (sys.stdin, sys.stdout, sys.stderr)])
                        + repr(sorted(map(int, os.listdir("/proc/self/fd")))))
"""


def outcome(both, program, arguments, **options):
    options.setdefault("env", clean_environment(DD_INSTRUMENTATION_TELEMETRY_ENABLED="false"))
    done = subprocess.run([program, *arguments], input="", capture_output=True, text=True, errors="replace",
                          timeout=120, cwd=both.folder, **options)
    def shown(text):
        text = text.replace(str(both.launcher), "PYTHON").replace(str(both.plain), "PYTHON")
        # In CPython's own words about a wrong home.
        return re.sub("sys._base_executable = .*\n| 0x[0-9a-f]{9,}", "", text)
    return done.returncode, shown(done.stdout), shown(done.stderr)


def same(both, *arguments, **options):
    plain, launcher = (outcome(both, program, arguments, **options) for program in (both.plain, both.launcher))
    assert launcher == plain
    return plain


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)], ids=str)
def test_streams_that_are_closed(both, closed):
    def close():
        for one in closed:
            os.close(one)
    seen = []
    for program in (both.plain, both.launcher):
        assert outcome(both, program, ["-c", DESCRIPTORS], preexec_fn=close)[0] == 0
        seen.append((both.folder / "seen").read_text())
    assert seen[0] == seen[1]


LIMITS = {
    "five descriptors": (resource.RLIMIT_NOFILE, 5, "print(1)"),
    "64 MiB of addresses": (resource.RLIMIT_AS, 64 << 20, "print([0] * 10)"),
    "a stack of 256 KiB": (resource.RLIMIT_STACK, 256 << 10, "print(1)"),
    "no bytes in files": (resource.RLIMIT_FSIZE, 0, "open('written', 'w').write('a')"),
    "no core": (resource.RLIMIT_CORE, 0, "import resource as r; print(r.getrlimit(r.RLIMIT_CORE))"),
    "a second of processor": (resource.RLIMIT_CPU, 1, "while True: pass"),
}


@pytest.mark.parametrize("limit", LIMITS.values(), ids=LIMITS.keys())
def test_limits(both, limit):
    what, most, code = limit
    same(both, "-c", code, preexec_fn=lambda: resource.setrlimit(what, (most, most)))


SHOWN = "import os, sys; print(os.environb, sys.flags, sys.path, sys.stdout.encoding, sys._base_executable != '')"
VARIABLES = {
    "none": {},
    "bytes that are no text": {b"A\xff": b"\xfe"},
    "an encoding of ASCII": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"},
    "a locale that is coerced": {"PYTHONCOERCECLOCALE": "warn"},
    "a home that is none": {"PYTHONHOME": "/nowhere"},
    "the debug allocator": {"PYTHONMALLOC": "debug"},
    "development": {"PYTHONDEVMODE": "1"},
    "warnings are errors": {"PYTHONWARNINGS": "error"},
    "something preloaded": {"LD_PRELOAD": "libm.so.6"},
}


@pytest.mark.parametrize("variables", VARIABLES.values(), ids=VARIABLES.keys())
def test_variables(both, variables):
    same(both, "-c", SHOWN, env=variables)


def test_variables_as_the_kernel_has_them(both):
    code = "print([v for v in open('/proc/self/environ').read().split(chr(0)) if v])"
    same(both, "-c", code, env={"A": "1", "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "0"})
    same(both, "-c", code, env={"LD_PRELOAD": "libm.so.6", "B": "2"})


def test_a_process_is_named_by_what_was_executed(both):
    """A python that is followed has the name of that python; ddpython its own."""
    code = "print(open('/proc/self/comm').read(), open('/proc/self/cmdline').read())"
    child = f"import subprocess; subprocess.run([{str(both.plain)!r}, '-c', {code!r}])"
    same(both, "-c", child)
    assert outcome(both, both.launcher, ["-c", code])[1].startswith("ddpython\n")


NAMESPACES = {
    "without /proc": "unshare -m sh -c 'umount -l /proc; exec \"$0\" \"$@\"'",
    "nothing can be written": "unshare -m sh -c 'mount -o remount,bind,ro /; exec \"$0\" \"$@\"'",
    "the first process": "unshare -pf --mount-proc",
    "no network": "unshare -n",
    "nobody": "setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs",
}


@pytest.mark.parametrize("way", NAMESPACES.values(), ids=NAMESPACES.keys())
def test_namespaces(both, way):
    if os.geteuid() != 0 or not shutil.which(way.split()[0]) or subprocess.run(
            way + " true", shell=True, capture_output=True).returncode != 0:
        pytest.skip("not allowed here")
    code = "import os, sys; print(sys.executable, sys.prefix, os.path.exists('/proc/self'), os.getuid())"
    plain, launcher = (outcome(both, "/bin/sh", ["-c", f'{way} "$@"', "sh", program, "-c", code])
                       for program in (both.plain, both.launcher))
    if plain[0] == 127:
        pytest.skip("not even python starts there")  # it lies in somebody's home
    assert launcher == plain


def test_rights_of_another_user(both):
    """Preloaded, it is plain python then; in any case no variable of ours is seen."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("not allowed here")
    folder = tempfile.mkdtemp()  # others may look into it, as they may not into pytest's
    try:
        os.chmod(folder, 0o755)
        program = os.path.join(folder, "ddpython")
        shutil.copy(os.path.realpath(both.launcher), program)
        os.chmod(program, 0o4755)
        done = subprocess.run(
            ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", program, "-c",
             "import os; print(os.getuid(), os.geteuid(), sorted(os.environ))"],
            env={"A": "1"}, cwd="/", capture_output=True, text=True, timeout=60)
    finally:
        shutil.rmtree(folder)
    seen = done.stdout.replace(", 'LC_CTYPE'", "")  # coerced
    assert (done.returncode, seen, done.stderr) == (0, "65534 0 ['A']\n", "")


TRACEBACKS = {
    "a query that fails": "import sqlite3; sqlite3.connect(':memory:').execute('select nope')",
    "a fetch": "import sqlite3\nfor row in sqlite3.connect(':memory:').execute('select ?', ()): pass",
    "a handler": "import logging, inspect\nclass H(logging.Handler):\n"
                 "  def emit(self, r): print([f.function for f in inspect.stack()])\n"
                 "logging.getLogger().addHandler(H()); logging.error('x')",
    "where a line was logged": "import logging; logging.basicConfig(format='%(pathname)s:%(lineno)d %(funcName)s');"
                               "logging.getLogger('a').error('x', stack_info=True)",
    "a warning": "import warnings\nwarnings.simplefilter('always')\ndef f(): warnings.warn('a', stacklevel=2)\nf()",
    "a connection that is refused": "import urllib.request; urllib.request.urlopen('http://127.0.0.1:1/')",
    "tasks": "import asyncio\nasync def f(): raise ValueError(1)\n"
             "async def g(): await asyncio.gather(f(), asyncio.sleep(0))\nasyncio.run(g())",
    "a thread": "import threading\nt = threading.Thread(target=lambda: 1 / 0, name='T'); t.start(); t.join()",
    "a program that is not there": "import subprocess; subprocess.run(['/nope'])",
}


@pytest.mark.parametrize("code", TRACEBACKS.values(), ids=TRACEBACKS.keys())
def test_tracebacks_and_stacks(both, code):
    def without_our_line(result):
        return result[0], result[1], re.sub("ddpython: no trace agent .*\n", "", result[2])
    plain, launcher = (outcome(both, program, ["-c", code]) for program in (both.plain, both.launcher))
    assert without_our_line(launcher) == plain


INTERRUPTING = """
import os, signal, sys, types
class Spec:
    @property
    def _initializing(self):
        os.kill(os.getpid(), signal.SIGINT)
        return False
module = sys.modules["flask"] = types.ModuleType("flask")
module.__spec__ = Spec()
"""


def test_an_interrupt_while_we_start_is_the_programs(both, tmp_path):
    """Our start looks at modules that are there already: here, one whose look presses Ctrl-C."""
    (tmp_path / "sitecustomize.py").write_text(INTERRUPTING)
    code, out, err = outcome(both, both.launcher, ["-c", "print('still here')"],
                             env=clean_environment(PYTHONPATH=str(tmp_path)))
    assert code in (-signal.SIGINT, 1)  # 3.13: it comes before there is a program that it could end
    assert out == "" and err.endswith("KeyboardInterrupt\n")
