"""Every way a program can end, with an agent that answers, one that is not there and one that is silent.

Output and exit code are those of plain python; what was finished reaches the agent that answers.
"""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from conftest import LAUNCHER, PLAIN, clean_environment  # noqa: E402
from fakes.agent import Agent  # noqa: E402

HEAD = """
import atexit, os, signal, sys, threading, time
try:
    from ddtrace.trace import tracer
    def span(name): tracer.trace(name).finish()
except ImportError:
    def span(name): pass
span("work")
"""
KILL = "os.kill(os.getpid(), signal.{})\ntime.sleep(60)"
# What follows the head, and the spans besides "work".
ENDS: dict[str, tuple[str, list[str]]] = {
    "the last line": ("print('done')", []),
    "sys.exit": ("sys.exit(3)", []),
    "sys.exit with a text": ("sys.exit('why')", []),
    "sys.exit of nothing": ("sys.exit()", []),
    "sys.exit inside of finally": ("try: 1 / 0\nfinally: span('finally'); sys.exit(4)", ["finally"]),
    "an exception": ("def inner(): raise ValueError('no')\ninner()", []),
    "an exception with a cause": ("try: {}['a']\nexcept KeyError as error: raise OSError('b') from error", []),
    "an exception and a hook": ("sys.excepthook = lambda *a: (span('hook'), print('hooked', a[0]))\n1 / 0", ["hook"]),
    "a hook that raises": ("def hook(*a): raise OSError('hook')\nsys.excepthook = hook\n1 / 0", []),
    "os._exit": ("print('shown', flush=True)\nos._exit(5)", []),
    "os._exit in a thread": ("threading.Thread(target=os._exit, args=[6]).start()\ntime.sleep(60)", []),
    "os.abort": ("os.abort()", []),
    "SIGTERM": (KILL.format("SIGTERM"), []),
    "SIGTERM with a handler": ("signal.signal(15, lambda *_: (span('handler'), sys.exit(7)))\n" + KILL.format("SIGTERM"),
                               ["handler"]),
    "SIGTERM while ignored": ("signal.signal(15, signal.SIG_IGN)\nos.kill(os.getpid(), 15)\nspan('after')", ["after"]),
    "SIGINT": ("try:\n    " + KILL.format("SIGINT").replace("\n", "\n    ") + "\nfinally: print('finally')", []),
    "SIGINT with its default": ("signal.signal(2, signal.SIG_DFL)\n" + KILL.format("SIGINT"), []),
    "SIGINT that is caught": ("try: os.kill(os.getpid(), 2); time.sleep(60)\nexcept KeyboardInterrupt: span('caught')", ["caught"]),
    "SIGHUP": (KILL.format("SIGHUP"), []),
    "a thread's exception": ("t = threading.Thread(target=lambda: 1 / 0, name='t')\nt.start(); t.join()\nspan('after')", ["after"]),
    "a thread's SystemExit": ("t = threading.Thread(target=sys.exit, args=[9])\nt.start(); t.join()\nprint('on')", []),
    "threading.excepthook": ("threading.excepthook = lambda a: print('hooked', a.exc_type)\n"
                             "t = threading.Thread(target=lambda: 1 / 0)\nt.start(); t.join()", []),
    "a thread that goes on": ("def late(): time.sleep(0.1); span('late'); print('late')\n"
                              "threading.Thread(target=late).start()\nprint('main ends')", ["late"]),
    "a daemon that sleeps": ("threading.Thread(target=time.sleep, args=[60], daemon=True).start()\nprint('done')", []),
    "a daemon that works": ("def work():\n    while True: sum(range(100))\n"
                            "threading.Thread(target=work, daemon=True).start()\nsys.exit(2)", []),
    "the order of atexit": ("atexit.register(span, 'first'); atexit.register(print, 'first')\n"
                            "atexit.register(span, 'second'); atexit.register(print, 'second')", ["first", "second"]),
    "atexit that raises": ("atexit.register(lambda: 1 / 0)\natexit.register(print, 'before')\nsys.exit(3)", []),
    "atexit that leaves": ("atexit.register(os._exit, 8)\nprint('done', flush=True)", []),
    "atexit after an exception": ("atexit.register(span, 'atexit')\nraise RuntimeError", ["atexit"]),
    "threading's own atexit": ("threading._register_atexit(span, 'joined')\nprint('done')", ["joined"]),
    "__del__ at the end": ("class Last:\n    def __del__(self): print('deleted')\nlast = Last()", []),
    "an executor": ("from concurrent.futures import ThreadPoolExecutor\n"
                    "pool = ThreadPoolExecutor(2)\n[pool.submit(span, 'job') for _ in range(3)]\nprint('done')", ["job"] * 3),
    "asyncio that fails": ("import asyncio\nasync def main(): span('inside'); raise LookupError('no')\nasyncio.run(main())",
                           ["inside"]),
    "standard output is closed": ("print('lost')\nos.close(1)", []),
    "a warning": ("import warnings\nwarnings.warn('careful')", []),
}
AGENTS = ["up", "down", "silent"]


def outcome(program: str, script: pathlib.Path, url: str) -> tuple[int, str, str]:
    done = subprocess.run([program, str(script)], capture_output=True, text=True, timeout=60, cwd=script.parent,
                          stdin=subprocess.DEVNULL, env=clean_environment(DD_TRACE_AGENT_URL=url))
    errors = "".join(line for line in done.stderr.splitlines(keepends=True) if not line.startswith("ddpython: "))
    return done.returncode, done.stdout, re.sub("0x[0-9a-f]+", "0x", errors)


@pytest.mark.parametrize("end", ENDS)
def test_ends_as_python_does(end: str, tmp_path: pathlib.Path) -> None:
    script = tmp_path / "program.py"
    source, more = ENDS[end]
    script.write_text(HEAD + source + "\n")
    plain = outcome(PLAIN, script, "")
    for temper in AGENTS:
        with Agent() as agent:
            if temper == "down":
                agent.refuse()
            elif temper == "silent":
                agent.answer = "silent"
            seen = outcome(LAUNCHER, script, agent.url)
            assert seen == plain, temper
            if temper == "up":
                sent = 0 if end == "os.abort" else 1 + len(more)
                names = sorted(span["name"] for span in agent.spans(sent))
                # A process that kills itself by force has no time to say anything.
                assert names == sorted(["work", *more]) or end == "os.abort"


def test_the_matrix_sees_failures(tmp_path: pathlib.Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(HEAD + "print(os.environ['DD_TRACE_AGENT_URL']); sys.exit(3)\n")
    assert outcome(PLAIN, script, "a") != outcome(PLAIN, script, "b")
    assert outcome(PLAIN, script, "a") == (3, "a\n", "")
