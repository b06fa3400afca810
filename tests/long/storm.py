"""Forks, threads, tasks and greenlets by the thousand while everybody traces.

    storm.py DDPYTHON [--forks N] [--busy N] [--threads N] [--tasks N] [--greenlets N] [--agents silent,ok]

Forks: plain, double, in a thread, with an exec, by multiprocessing's fork, forkserver and spawn, while
`busy` threads trace; the agent is a black hole, or takes everything. No fork may take a second longer than
three times what the slowest takes with tracing off (machines are busy), no child may end otherwise than
asked, and its spans must have the parent that was handed to it. Threads, tasks and
greenlets: memory does not grow with their number, and each span has the parent of its own thread or task.
Greenlets need the package: PYTHONPATH, else they are left out. Prints what it saw; exits with 1 when
something is wrong. CI runs a small one (tests/host/test_storm.py).
"""

from __future__ import annotations

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fakes"))
import agent as fakes  # noqa: E402

FORKS = """
import multiprocessing, os, sys, threading, time
from ddtrace.trace import Context, tracer

def busy(stop):
    while not stop.is_set():
        with tracer.trace("busy") as outer:
            with tracer.trace("inner") as inner: assert inner.parent_id == outer.span_id
        time.sleep(0.004)

def child(parent, depth):
    with tracer.trace("child") as span:
        good = span.parent_id == parent.span_id and span.trace_id == parent.trace_id
        if depth:
            pid = os.fork()
            if pid == 0: child(span, depth - 1)
            good = good and os.waitpid(pid, 0)[1] == 0
    os._exit(0 if good else 3)

def handed_over(trace_id, span_id):
    tracer.context_provider.activate(Context(trace_id=trace_id, span_id=span_id))
    with tracer.trace("child") as span:
        good = span.parent_id == span_id and span.trace_id == trace_id
        with tracer.trace("inner") as inner: good = good and inner.parent_id == span.span_id
    if not good: sys.exit(3)

def once(kind, problems, took):
    with tracer.trace("parent") as span:
        begin = time.monotonic()
        if kind in ("mp fork", "forkserver", "spawn"):
            process = multiprocessing.get_context(kind.split()[-1]).Process(
                target=handed_over, args=[span.trace_id, span.span_id])
            process.start()
            process.join()
            status = process.exitcode
        else:
            pid = os.fork()
            if pid == 0:
                if kind == "exec": os.execv("/bin/true", ["true"])
                child(span, kind == "double")
            status = os.waitpid(pid, 0)[1]
        took[kind] = max(took.get(kind, 0), time.monotonic() - begin)
        if status: problems.append((kind, status))

def main():
    count, threads, limit = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    stop, problems, took = threading.Event(), [], {}
    workers = [threading.Thread(target=busy, args=[stop], daemon=True) for _ in range(threads)]
    for one in workers: one.start()
    for at in range(count):
        kind = ("plain", "double", "thread", "exec", "mp fork")[at % 5]
        if at % 20 == 19: kind = "forkserver"
        if at % 200 == 10: kind = "spawn"
        if kind == "thread":
            one = threading.Thread(target=once, args=["plain", problems, took]); one.start(); one.join()
        else: once(kind, problems, took)
    stop.set()
    for one in workers: one.join()
    print(count, "forks with", threads, "threads, slowest in ms:",
          ", ".join(f"{kind} {1e3 * each:.0f}" for kind, each in sorted(took.items())) + ";",
          len(problems), "wrong", problems[:3])
    slow = [kind for kind, each in took.items() if each > limit]
    if slow: print("hung:", slow)
    with open("slowest", "w") as file: file.write(str(max(took.values())))
    sys.exit(1 if problems or slow else 0)

if __name__ == "__main__": main()
"""

MANY = """
import asyncio, sys, threading
from ddtrace.trace import tracer
def resident(): return int(open("/proc/self/statm").read().split()[1]) * 4
wrong = []
def check(outer, inner):
    if inner.parent_id != outer.span_id or inner.trace_id != outer.trace_id or outer.parent_id: wrong.append(1)
def work():
    with tracer.trace("thread") as outer:
        with tracer.trace("inner") as inner: check(outer, inner)
def threads(count):
    for _ in range(count // 50):
        some = [threading.Thread(target=work) for _ in range(50)]
        for one in some: one.start()
        for one in some: one.join()
async def task():
    with tracer.trace("task") as outer:
        await asyncio.sleep(0)
        with tracer.trace("inner") as inner: check(outer, inner)
async def tasks(count):
    for _ in range(count // 500): await asyncio.gather(*(task() for _ in range(500)))
def greenlets(count):
    from greenlet import getcurrent, greenlet
    main = getcurrent()
    def run():
        with tracer.trace("greenlet") as outer:
            main.switch()
            with tracer.trace("inner") as inner: check(outer, inner)
    for _ in range(count // 100):
        some = [greenlet(run) for _ in range(100)]
        for one in some: one.switch()
        for one in some: one.switch()
how, count = sys.argv[1], int(sys.argv[2])
run = {"threads": threads, "greenlets": greenlets, "tasks": lambda n: asyncio.run(tasks(n))}[how]
run(count // 4)
before = resident()
run(count)
grown = resident() - before
print(count, how + ", memory %+.1f MiB," % (grown / 1024), len(wrong), "wrong parents")
sys.exit(1 if grown > 8 * 1024 or wrong else 0)
"""


def has_greenlets(ddpython: str) -> bool:
    return subprocess.run([ddpython, "-c", "import greenlet"], capture_output=True).returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("ddpython", type=os.path.abspath)
    parser.add_argument("--forks", type=int, default=10_000)
    parser.add_argument("--busy", type=int, default=64)
    parser.add_argument("--limit", type=float, default=1, help="seconds that a fork may take longer")
    parser.add_argument("--threads", type=int, default=10_000)
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--greenlets", type=int, default=10_000)
    parser.add_argument("--agents", default="silent,ok")
    arguments = parser.parse_args()
    failed, slowest = 0, 0.0
    runs = [("forks, tracing off", FORKS, [arguments.forks // 4, arguments.busy, 3600]),
            ("forks", FORKS, [arguments.forks, arguments.busy, arguments.limit]),
            ("threads", MANY, ["threads", arguments.threads]), ("tasks", MANY, ["tasks", arguments.tasks])]
    if has_greenlets(arguments.ddpython):
        runs.append(("greenlets", MANY, ["greenlets", arguments.greenlets]))
    else:
        print("greenlets: the package is not there", flush=True)
    for answer in arguments.agents.split(","):
        for name, program, words in runs:
            if not int(words[0] if program is FORKS else words[1]):
                continue
            if name == "forks":
                words[2] = arguments.limit + 3 * slowest
            with fakes.Agent() as agent, tempfile.TemporaryDirectory() as folder:
                agent.answer = (lambda request: (200, {}, b"{}")) if answer == "ok" else answer
                agent._decode = lambda request: None  # type: ignore[method-assign]
                env = {k: v for k, v in os.environ.items() if not k.startswith(("DD_", "OTEL_"))}
                env |= {"DD_TRACE_AGENT_URL": agent.url, "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
                        "DD_TRACE_ENABLED": str(name != "forks, tracing off").lower(),
                        "DD_REMOTE_CONFIGURATION_ENABLED": "false",
                        # From 3.12 on, of a fork where the program has threads of its own.
                        "PYTHONWARNINGS": "ignore::DeprecationWarning"}
                source = pathlib.Path(folder, "storm_program.py")
                source.write_text(program)
                try:
                    done = subprocess.run([arguments.ddpython, source, *map(str, words)], env=env, cwd=folder,
                                          capture_output=True, text=True, timeout=3600)
                    if program is FORKS and done.returncode in (0, 1):
                        slowest = float(pathlib.Path(folder, "slowest").read_text())
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
