"""DD_TRACE_SURVIVE_KILL: what was finished 10 ms before a process ended arrives, once, however it ended."""

import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from conftest import LAUNCHER, clean_environment  # noqa: E402
from fakes.agent import Agent  # noqa: E402

START = """
import os, signal, sys, threading, time
from ddtrace.trace import tracer
def trace(count, name="work"):
    for n in range(count):
        with tracer.trace(name, resource=str(n)) as span:
            span.set_tag("who", name)
            with tracer.trace(name + ".child"): pass
def memory(process):
    with open(f"/proc/{process}/maps") as maps: return {line.split()[4] for line in maps if "/memfd:" in line}
def has_heir():
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{process}/cmdline", "rb") as words:
                if b"--dd-heir" in words.read() and memory(process) & memory("self"): return True
        except OSError: pass
def wait_for_heir():
    end = time.monotonic() + 20
    while not has_heir() and time.monotonic() < end: time.sleep(0.02)
"""
# 10 ms are enough where a thread that has work gets a processor; the usual interval is a second.
KILL = "time.sleep(0.2); os.kill(os.getpid(), signal.SIGKILL)\n"
# The kernel that writes a core dump first kills whoever still shares the process's memory.
SETTLE = "wait_for_heir(); time.sleep(0.2); "


def environment(agent, **more):
    return clean_environment(**{"DD_TRACE_AGENT_URL": agent.url, "DD_TRACE_SURVIVE_KILL": "true",
                                "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false", "DD_CRASHTRACKING_ENABLED": "false",
                                "DD_REMOTE_CONFIGURATION_ENABLED": "false", **more})


def run(agent, source, **more):
    return subprocess.run([LAUNCHER, "-c", START + source], capture_output=True, text=True, timeout=60,
                          env=environment(agent, **more))


def arrived(agent, count):
    """Names of the spans, once so many came and some time passed in which others could."""
    agent.spans(at_least=count)
    time.sleep(0.2)
    spans = agent.spans()
    assert len({span["span_id"] for span in spans}) == len(spans)
    return [span["name"] for span in spans]


ENDS = {
    "SIGKILL": (KILL, -signal.SIGKILL),
    "SIGSEGV": (SETTLE + "os.kill(os.getpid(), signal.SIGSEGV)", -signal.SIGSEGV),
    "abort": (SETTLE + "os.abort()", -signal.SIGABRT),
    "SIGTERM": ("os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
    "os._exit": ("os._exit(3)", 3),
    "exec": ("os.execv('/bin/sh', ['sh', '-c', 'exit 4'])", 4),
    "as usual": ("", 0),
    "an error": ("raise SystemExit(5)", 5),
}


@pytest.mark.parametrize("end, status", ENDS.values(), ids=ENDS.keys())
@pytest.mark.parametrize("version", ["v0.5", "v0.4"])
def test_everything_arrives_once(end, status, version):
    with Agent() as agent:
        done = run(agent, "trace(100)\n" + end, DD_TRACE_API_VERSION=version)
        assert (done.returncode, done.stdout) == (status, "")
        names = arrived(agent, 200)
        assert (names.count("work"), names.count("work.child")) == (100, 100)
        assert {request.path for request in agent.requests} - {"/info"} == {f"/{version}/traces"}


def test_the_headers_are_those_of_the_process():
    with Agent() as agent:
        run(agent, "trace(1)\n" + KILL)
        arrived(agent, 2)
        [request] = [request for request in agent.requests if request.traces]
        assert request.headers["datadog-meta-lang"] == "python"
        assert request.headers["x-datadog-trace-count"] == str(len(request.traces))
        assert request.headers["content-type"] == "application/msgpack"


def test_without_it_they_are_lost():
    with Agent() as agent:
        run(agent, "trace(1)\n" + KILL, DD_TRACE_SURVIVE_KILL="false")
        assert arrived(agent, 0) == []


def test_a_span_whose_trace_is_not_finished_arrives():
    with Agent() as agent:
        run(agent, "with tracer.trace('root'):\n tracer.trace('done').finish()\n tracer.trace('open')\n " + KILL)
        assert arrived(agent, 1) == ["done"]


@pytest.mark.parametrize("after_ms", range(0, 1800, 180))
def test_killed_at_any_time_nothing_old_is_lost_and_nothing_comes_twice(after_ms):
    """The program says when it has finished what; its own output is written by then."""
    steady = """
def work(who):
    for n in range(100000):
        tracer.trace(who, resource=str(n)).finish()
        if n % 10 == 0: os.write(1, f"{who} {n} {time.monotonic_ns()}\\n".encode())
        time.sleep(0.0002)
for who in "abc": threading.Thread(target=work, args=[who]).start()
"""
    with Agent() as agent:
        process = subprocess.Popen([LAUNCHER, "-c", START + steady], stdout=subprocess.PIPE, text=True,
                                   env=environment(agent))
        first = process.stdout.readline()
        time.sleep(after_ms / 1000)
        killed = time.monotonic_ns()
        process.kill()
        lines = [first, *process.stdout]
        process.wait()
        # A machine that is busy with other things is given more than the 10 ms.
        old = [line.split() for line in lines if line.count(" ") == 2 and line.endswith("\n")]
        due = {(who, str(n)) for who, last, at in old if int(at) < killed - 300_000_000
               for n in range(int(last) + 1)}
        arrived(agent, len(due))
        got = [(span["name"], span["resource"]) for span in agent.spans()]
        assert not due - set(got)
        assert len(set(got)) == len(got)


FORKS = {
    "the child": "if os.fork() == 0:\n trace(5, 'child')\n " + KILL + "os.wait()\ntrace(5, 'parent')\n",
    "the parent, the child goes on": "trace(5, 'parent')\nif os.fork() == 0:\n os.close(1); os.close(2)\n"
        " trace(5, 'child'); time.sleep(0.3); os._exit(0)\n" + KILL,
    "both": "trace(5, 'parent')\nif os.fork() == 0: trace(5, 'child')\n" + KILL,
    "a child of a thread": "def go():\n if os.fork() == 0:\n  trace(5, 'child')\n  " + KILL +
        "t = threading.Thread(target=go); t.start(); t.join(); os.wait(); trace(5, 'parent')\n",
    "a child without traces of its own": "trace(5, 'parent'); trace(5, 'child')\n"
        "if os.fork() == 0: time.sleep(0.2); os._exit(0)\n" + KILL,
}


@pytest.mark.parametrize("source", FORKS.values(), ids=FORKS.keys())
def test_each_process_of_a_family_has_its_own(source):
    with Agent() as agent:
        run(agent, source)
        names = arrived(agent, 20)
        assert sorted(names) == ["child"] * 5 + ["child.child"] * 5 + ["parent"] * 5 + ["parent.child"] * 5


def test_what_is_executed_in_its_place_does_not_delay_it():
    with Agent() as agent:
        agent.answer = "slow"
        agent.delay = 1.0
        source = "trace(3)\nos.execv('/bin/sh', ['sh', '-c', 'exec >/dev/null 2>&1; sleep 3'])"
        started = time.monotonic()
        run(agent, source)
        names = arrived(agent, 6)
        assert len(names) == 6 and time.monotonic() - started < 60


def test_the_program_does_not_see_it():
    look = """
trace(1)
time.sleep(0.1)
for wait in (os.wait, lambda: os.waitpid(-1, os.WNOHANG), lambda: os.waitid(os.P_ALL, 0, os.WEXITED)):
    try: print("a child", wait())
    except ChildProcessError: print("no child")
"""
    with Agent() as agent:
        done = run(agent, look)
        assert done.stdout.splitlines() == ["no child"] * 3
        assert done.stderr == ""


def heirs_of(memory):
    """Processes that hold the memory with this inode."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "comm").read_text() == "dd-heir\n" and os.stat(folder / "fd/3").st_ino == memory:
                found.append(int(folder.name))
        except OSError:
            pass
    return found


@pytest.mark.parametrize("end", ["", KILL])
def test_it_leaves_with_the_process(end):
    show = """
trace(1)
time.sleep(0.1)
for file in os.listdir("/proc/self/fd"):
    try: name = os.readlink(f"/proc/self/fd/{file}")
    except OSError: continue
    if "dd-traces" in name: print(os.stat(f"/proc/self/fd/{file}").st_ino, flush=True)
sys.stdin.read()
"""
    with Agent() as agent:
        process = subprocess.Popen([LAUNCHER, "-c", START + show + end], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   text=True, env=environment(agent))
        memory = int(process.stdout.readline())
        until = time.monotonic() + 20
        while not (found := heirs_of(memory)) and time.monotonic() < until:
            time.sleep(0.01)
        [heir] = found
        assert os.getsid(heir) == heir and os.getpgid(heir) == heir
        assert sorted(os.listdir(f"/proc/{heir}/fd")) == ["0", "1", "2", "3", "4", "5"]
        process.communicate()
        until = time.monotonic() + 20
        while heirs_of(memory):
            assert time.monotonic() < until
            time.sleep(0.01)


def test_without_an_agent_the_end_is_as_fast_and_its_output_is_closed():
    with Agent() as agent:
        agent.refuse()
        done = run(agent, "trace(10)\n" + KILL)  # returns when nobody has its output any more
        assert done.returncode == -signal.SIGKILL
        done = run(agent, "trace(10)\n")
        assert done.returncode == 0 and done.stderr.count("ddpython:") <= 1
