"""A program that does nothing is left alone: nobody wakes, and with tracing off nothing is opened or sent."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from conftest import LAUNCHER, clean_environment  # noqa: E402
from fakes.agent import Agent  # noqa: E402

WAKES = """
import os, time
from ddtrace.trace import tracer
def wakes():
    counts = {}
    for task in os.listdir("/proc/self/task"):
        lines = open(f"/proc/self/task/{task}/status").read().splitlines()
        pick = lambda name: [line.split()[1] for line in lines if line.startswith(name)][0]
        counts[task] = pick("Name:"), int(pick("voluntary_ctxt_switches:"))
    return counts
tracer.trace("work").finish()
tracer.flush()
time.sleep(1.5)
before = wakes()
time.sleep(1.5)
after = wakes()
print({after[task][0]: after[task][1] - before[task][1] for task in after if int(task) != os.getpid()})
"""

OFF = """
import os, threading
from ddtrace.trace import tracer
with tracer.trace("work"): pass
tracer.flush()
import sqlite3, urllib.request
sqlite3.connect(":memory:").execute("select 1")
files = [os.readlink(f"/proc/self/fd/{file}") for file in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{file}")]
print([file for file in files if file.startswith("socket:")], len(os.listdir("/proc/self/task")))
"""


def run(agent, program, *before, **variables):
    return subprocess.run([*before, LAUNCHER, "-c", program], capture_output=True, text=True, timeout=60,
                          env=clean_environment(DD_TRACE_AGENT_URL=agent.url, **variables))


@pytest.mark.parametrize("variables", [{}, {"DD_TRACE_SURVIVE_KILL": "true"}], ids=["usual", "surviving"])
def test_nobody_wakes_while_nothing_happens(variables):
    with Agent() as agent:
        done = run(agent, WAKES, DD_INSTRUMENTATION_TELEMETRY_ENABLED="false", DD_REMOTE_CONFIGURATION_ENABLED="false",
                   **variables)
        assert (done.stdout, done.stderr) == ("{'dd-worker': 0}\n", "")


def test_tracing_that_is_off_opens_and_sends_nothing():
    with Agent() as agent:
        done = run(agent, OFF, DD_TRACE_ENABLED="false")
        assert (done.stdout, done.stderr) == ("[] 1\n", "")
        assert agent.requests == [] and agent._connections == 0


@pytest.mark.skipif(not shutil.which("strace"), reason="needs strace")
def test_tracing_that_is_off_makes_no_socket_at_all(tmp_path):
    with Agent() as agent:
        calls = tmp_path / "calls"
        done = run(agent, OFF, "strace", "-f", "-qq", "-e", "trace=network", "-o", calls, DD_TRACE_ENABLED="false")
        if done.returncode == 1 and "ptrace" in done.stderr:
            pytest.skip("may not trace")
        assert done.stdout == "[] 1\n"
        assert "socket" not in calls.read_text()
