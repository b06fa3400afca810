"""Forks and threads by the thousand while everybody traces: storm.py DDPYTHON [--forks N] [--threads N] [--tasks N]

Forks: plain, double, in a thread, and with an exec, while 16 threads trace; the agent is a black
hole, or takes everything. No child may hang for a second or end otherwise than asked, and its spans
must have the parent that the fork had. Threads and tasks: memory does not grow with their number.
Prints what it saw; exits with 1 when something is wrong. Not part of CI.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fakes"))
import agent as fakes  # noqa: E402

FORKS = """
import os, random, sys, threading, time
from ddtrace.trace import tracer
count, stop, problems, slowest = int(sys.argv[1]), threading.Event(), [], 0.0
def busy():
    while not stop.is_set():
        with tracer.trace("busy"):
            with tracer.trace("inner"): pass
        time.sleep(0.001)
threads = [threading.Thread(target=busy, daemon=True) for _ in range(16)]
for thread in threads: thread.start()

def child(parent, depth):
    with tracer.trace("child") as span:
        good = span.parent_id == parent.span_id and span.trace_id == parent.trace_id
        if depth:
            pid = os.fork()
            if pid == 0: child(span, depth - 1)
            good = good and os.waitpid(pid, 0)[1] == 0
    os._exit(0 if good else 3)

def once(kind):
    global slowest
    with tracer.trace("parent") as span:
        begin = time.monotonic()
        pid = os.fork()
        if pid == 0:
            if kind == "exec": os.execv("/bin/true", ["true"])
            child(span, kind == "double")
        status = os.waitpid(pid, 0)[1]
        took = time.monotonic() - begin
        slowest = max(slowest, took)
        if status: problems.append((kind, status))

for at in range(count):
    kind = ("plain", "double", "thread", "exec")[at % 4]
    if kind == "thread":
        worker = threading.Thread(target=once, args=["plain"]); worker.start(); worker.join()
    else: once(kind)
stop.set()
for thread in threads: thread.join()
print(count, "forks, slowest %.0f ms," % (slowest * 1e3), len(problems), "wrong", problems[:3])
sys.exit(1 if problems or slowest > float(sys.argv[2]) else 0)
"""

MANY = """
import asyncio, sys, threading
from ddtrace.trace import tracer
def resident(): return int(open("/proc/self/statm").read().split()[1]) * 4
def work():
    with tracer.trace("thread"):
        with tracer.trace("inner"): pass
def threads(count):
    for _ in range(count // 50):
        some = [threading.Thread(target=work) for _ in range(50)]
        for one in some: one.start()
        for one in some: one.join()
async def task():
    with tracer.trace("task"):
        await asyncio.sleep(0)
        with tracer.trace("inner"): pass
async def tasks(count):
    for _ in range(count // 500): await asyncio.gather(*(task() for _ in range(500)))
how, count = sys.argv[1], int(sys.argv[2])
run = threads if how == "threads" else lambda n: asyncio.run(tasks(n))
run(count // 4)
before = resident()
run(count)
grown = resident() - before
print(count, how + ", memory %+.1f MiB" % (grown / 1024))
sys.exit(1 if grown > 8 * 1024 else 0)
"""


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("ddpython")
    parser.add_argument("--forks", type=int, default=2000)
    parser.add_argument("--threads", type=int, default=10_000)
    parser.add_argument("--tasks", type=int, default=100_000)
    arguments = parser.parse_args()
    failed = 0
    for answer in ("silent", "ok"):
        for name, program in (("forks", [FORKS, str(arguments.forks), "1"]),
                              ("threads", [MANY, "threads", str(arguments.threads)]),
                              ("tasks", [MANY, "tasks", str(arguments.tasks)])):
            with fakes.Agent() as agent:
                agent.answer = (lambda request: (200, {}, b"{}")) if answer == "ok" else answer
                agent._decode = lambda request: None  # type: ignore[method-assign]
                env = {k: v for k, v in os.environ.items() if not k.startswith(("DD_", "OTEL_"))}
                env |= {"DD_TRACE_AGENT_URL": agent.url, "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
                        "DD_REMOTE_CONFIGURATION_ENABLED": "false"}
                try:
                    done = subprocess.run([arguments.ddpython, "-c", *program], env=env, capture_output=True, text=True,
                                          timeout=900)
                    errors = [line for line in done.stderr.splitlines() if "no trace agent" not in line]
                    bad, said = done.returncode != 0 or bool(errors), done.stdout.strip() or f"exit code {done.returncode}"
                    said += " ".join(errors[-3:])
                except subprocess.TimeoutExpired:
                    bad, said = True, "hangs"
            failed += bad
            print(f"agent {answer}, {name}: {said}{'   <--' if bad else ''}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
