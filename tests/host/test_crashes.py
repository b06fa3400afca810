"""However a program crashes, it dies as under python, and two pings and two reports reach the agent."""

import json
import os
import pathlib
import signal
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from conftest import LAUNCHER, clean_environment  # noqa: E402
from fakes.agent import Agent  # noqa: E402

START = "import ctypes, os, signal, sys, threading, time\nlibc = ctypes.CDLL(None)\n"
READ = "def innermost(): ctypes.string_at(0)\n"
CRASHES = {  # the program, its end, what the report calls it
    "a null pointer in a C extension": (READ + "innermost()", signal.SIGSEGV, "SEGV_MAPERR"),
    "abort": ("os.abort()", signal.SIGABRT, "SI_TKILL"),
    "bus error": (
        "import mmap, tempfile\nwith tempfile.TemporaryFile() as f:\n f.truncate(4096); m = mmap.mmap(f.fileno(), 4096)\n"
        " f.truncate(0); m[0]", signal.SIGBUS, "BUS_ADRERR"),
    "illegal instruction": (
        "import mmap\nm = mmap.mmap(-1, 4096, prot=7); m.write(b'\\x0f\\x0b')\n"
        "ctypes.CFUNCTYPE(None)(ctypes.addressof(ctypes.c_char.from_buffer(m)))()", signal.SIGILL, "ILL_ILLOPN"),
    "a signal of somebody else": ("os.kill(os.getpid(), signal.SIGSEGV)", signal.SIGSEGV, "SI_USER"),
    "stack overflow": (  # in the C library: from 3.12 on CPython counts its own recursion
        "libc.regcomp(ctypes.create_string_buffer(256), b'(' * 10**6, 1)", signal.SIGSEGV, "SEGV_"),
    "in a thread": (
        READ + "threading.Thread(target=innermost).start(); time.sleep(10)", signal.SIGSEGV, "SEGV_MAPERR"),
    "stack overflow in a thread": (
        "t = threading.Thread(target=lambda: libc.regcomp(ctypes.create_string_buffer(256), b'(' * 10**6, 1)); t.start(); t.join()",
        signal.SIGSEGV, "SEGV_"),
    "in the allocator": ("libc.free.argtypes = [ctypes.c_void_p]; libc.free(0x10)", signal.SIGSEGV, "SEGV_MAPERR"),
    "with the allocator's complaint": (
        "libc.malloc.restype = ctypes.c_void_p; libc.free.argtypes = [ctypes.c_void_p]\n"
        "p = libc.malloc(2000); libc.malloc(10); libc.free(p); libc.free(p)", signal.SIGABRT, "SI_TKILL"),
    "after faulthandler": ("import faulthandler; faulthandler.enable()\n" + READ + "innermost()", signal.SIGSEGV, "SI_TKILL"),
    "with threads about": (
        "[threading.Thread(target=time.sleep, args=[30], daemon=True).start() for _ in range(5)]\n" + READ +
        "innermost()", signal.SIGSEGV, "SEGV_MAPERR"),
}


def run(source, agent_url, **variables):
    return subprocess.run([LAUNCHER, "-c", START + source], capture_output=True, text=True, timeout=60,
                          env=clean_environment(DD_TRACE_AGENT_URL=agent_url, DD_SERVICE="shop", DD_ENV="test",
                                                **variables))


def reports(agent):
    """(telemetry, errors): the bodies of both, pings first."""
    telemetry = [r.json() for r in agent.by_path("/telemetry") if r.json().get("origin") == "Crashtracker"]
    errors = [r.json() for r in agent.by_path("/evp_proxy/v4/api/v2/errorsintake")]
    return telemetry, errors


@pytest.mark.parametrize("source, number, code", CRASHES.values(), ids=CRASHES.keys())
def test_a_crash_is_reported(source, number, code):
    with Agent() as agent:
        done = run(source, agent.url)
        assert done.returncode == -number, done.stderr
        telemetry, errors = reports(agent)
    assert [log["level"] for body in telemetry for log in body["payload"]["logs"]] == ["DEBUG", "ERROR"]
    assert [body["error"]["is_crash"] for body in errors] == [False, True]
    assert {body["error"]["type"] for body in errors} == {number.name}
    report = errors[1]
    assert report["sig_info"]["si_code_human_readable"].startswith(code)
    assert report["sig_info"]["si_signo"] == number
    assert "service:shop,env:test" in report["ddtags"] and "incomplete:false" in report["ddtags"]
    frames = report["error"]["stack"]["frames"]
    if number == signal.SIGILL:  # in code that is in no file: nothing is known of its callers
        assert len(frames) == 1
    elif "regcomp" in source:  # more frames than are told
        assert len(frames) > 100
    else:
        assert len(frames) > 3 and any(frame.get("function", "").startswith(("Py", "_Py")) for frame in frames)
    runtime = report["error"]["experimental"]["runtime_stack"]["stacktrace_string"]
    assert 'File "<string>"' in runtime and ("innermost" not in source or "in innermost" in runtime)
    assert any("/libc.so" in line for line in report["files"]["/proc/self/maps"])
    content = json.loads(telemetry[1]["payload"]["logs"][0]["message"])
    assert content["error"]["stack"]["frames"] == frames and content["uuid"] in report["ddtags"]
    assert content["error"]["threads"][0]["stack"] == report["error"]["stack"]
    assert content["timestamp"].endswith(" UTC") and report["os_info"]["version"].count(".") == 2


def test_threads_of_the_program_are_in_the_report():
    with Agent() as agent:
        run(CRASHES["with threads about"][0], agent.url)
        threads = reports(agent)[1][1]["error"]["threads"]
    waiting = [t for t in threads if any("nanosleep" in f.get("function", "") for f in t["stack"]["frames"])]
    assert [thread["state"] for thread in waiting] == ["S"] * 5
    assert [thread["crashed"] for thread in threads] == [True] + [False] * (len(threads) - 1)


@pytest.mark.parametrize("source, number, code", CRASHES.values(), ids=CRASHES.keys())
def test_without_an_agent_the_end_is_the_same(source, number, code):
    plain = subprocess.run([os.environ["DD_PLAIN_PYTHON"], "-c", START + source], capture_output=True, text=True)
    done = run(source, "http://127.0.0.1:1")
    assert done.returncode == plain.returncode == -number
    assert done.stdout == plain.stdout


def test_the_span_that_was_open_is_in_the_report():
    source = READ + """
from ddtrace.trace import tracer
with tracer.trace("outer"):
    with tracer.trace("inner"): pass
    span = tracer.current_span(); print(span.trace_id, span.span_id, flush=True)
    innermost()
"""
    with Agent() as agent:
        done = run(source, agent.url)
        [_, report], telemetry = reports(agent)[1], reports(agent)[0]
    trace_id, span_id = map(int, done.stdout.split())
    content = json.loads(telemetry[1]["payload"]["logs"][0]["message"])
    for body in (report, content):
        assert [(one["id"], one["thread_name"]) for one in body["span_ids"]] == [(str(span_id), report["error"]["thread_name"])]
        assert [int(one["id"], 16) for one in body["trace_ids"]] == [trace_id]


def test_programs_see_no_handler_and_threads_go_on():
    source = """import signal, faulthandler, threading, resource
print([(s, signal.getsignal(s)) for s in sorted(signal.valid_signals())], faulthandler.is_enabled())
done = []
for _ in range(300):
    t = threading.Thread(target=done.append, args=[1]); t.start(); t.join()
print(len(done), sum(1 for line in open('/proc/self/maps')) < 400)
"""
    plain = subprocess.run([os.environ["DD_PLAIN_PYTHON"], "-c", source], capture_output=True, text=True)
    with Agent() as agent:
        assert run(source, agent.url).stdout == plain.stdout


def test_a_forked_child_reports_itself():
    source = READ + "if os.fork() == 0: innermost()\nprint(os.wait()[1])"
    with Agent() as agent:
        done = run(source, agent.url)
        assert (done.returncode, done.stdout) == (0, f"{int(signal.SIGSEGV)}\n")
        [_, report] = reports(agent)[1]
    assert "in innermost" in report["error"]["experimental"]["runtime_stack"]["stacktrace_string"]


def test_whoever_handled_it_before_is_asked():
    source = READ + """
handled = ctypes.CFUNCTYPE(None, ctypes.c_int)(lambda number: os._exit(42))
libc.signal.argtypes = [ctypes.c_int, ctypes.c_void_p]
libc.signal(11, ctypes.cast(handled, ctypes.c_void_p))
innermost()
"""
    with Agent() as agent:
        assert run(source, agent.url).returncode == 42
        assert reports(agent) == ([], [])


def test_programs_do_not_see_it():
    show = "import faulthandler\nprint([signal.getsignal(n) for n in (4, 6, 7, 11)], faulthandler.is_enabled())\n" \
           "print(signal.signal(11, signal.SIG_IGN), signal.signal(11, signal.SIG_DFL))"
    plain = subprocess.run([os.environ["DD_PLAIN_PYTHON"], "-c", START + show], capture_output=True, text=True)
    assert run(show, "http://127.0.0.1:1").stdout == plain.stdout


@pytest.mark.parametrize("source, seen", [
    ("def f(): raise ValueError('no')\nf()", True), ("raise KeyboardInterrupt", False), ("sys.exit(3)", False),
    ("sys.excepthook = lambda *a: None\n1/0", False), ("try: 1/0\nexcept ZeroDivisionError: pass", False)])
def test_an_exception_nobody_catches_is_reported(source, seen):
    with Agent() as agent:
        run(source, agent.url)
        telemetry, errors = reports(agent)
    assert len(telemetry) == len(errors) == (2 if seen else 0)
    if seen:
        error = errors[1]["error"]
        assert error["type"] == "UnhandledException" and error["message"].endswith("'ValueError'. Message: no")
        assert [frame["function"] for frame in error["stack"]["frames"]] == ["f", "<module>"]


def test_off_is_off():
    with Agent() as agent:
        assert run("os.abort()", agent.url, DD_CRASHTRACKING_ENABLED="false").returncode == -signal.SIGABRT
        run("1/0", agent.url, DD_CRASHTRACKING_ENABLED="false")
        assert reports(agent) == ([], [])
