"""What the platform costs a start, and how fast a crash is told.

    platform_on.py DDPYTHON [PYTHON] [--runs N]

Start-up: `-c pass` with telemetry, remote configuration, crash reports and runtime metrics on, and an agent that
answers, against plain python; processor time of the main thread and wall time, the medians of alternating runs and
their differences. Modules: those that a program finds imported beyond python's. Threads: of a process with a trace.
Crash: from the instruction to the arrival of the report that is complete. One line of JSON each.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fakes"))
import agent  # noqa: E402

MODULES = "import sys, json; print(json.dumps(sorted(sys.modules)))"
THREADS = """
import os, time
from ddtrace.trace import tracer
tracer.trace("x").finish()
time.sleep(0.5)
print(len(os.listdir("/proc/self/task")) - 1)
"""
CRASH = "import ctypes, time; print(time.monotonic_ns(), flush=True); ctypes.string_at(0)"


def run(program: str, source: str, env: dict[str, str]) -> str:
    return subprocess.run([program, "-c", source], env=env, capture_output=True, text=True).stdout


def timed(program: str, env: dict[str, str]) -> tuple[float, float]:
    begin = time.perf_counter()
    pid = os.posix_spawn(program, [program, "-c", "pass"], env)
    usage = os.wait4(pid, 0)[2]
    return time.perf_counter() - begin, usage.ru_utime + usage.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("ddpython")
    parser.add_argument("python", nargs="?", default=sys.executable)
    parser.add_argument("--runs", type=int, default=40)
    arguments = parser.parse_args()
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("DD_", "_DD_", "OTEL_"))}
    with agent.Agent() as fake:
        env = clean | {"DD_TRACE_AGENT_URL": fake.url, "DD_RUNTIME_METRICS_ENABLED": "true", "DD_SERVICE": "bench"}
        rows: dict[str, list[tuple[float, float]]] = {"plain": [], "ddpython": []}
        for _ in range(arguments.runs):
            rows["plain"].append(timed(arguments.python, clean))
            rows["ddpython"].append(timed(arguments.ddpython, env))
        for number, name in enumerate(("wall", "processor")):
            plain, ours = (statistics.median(row[number] for row in rows[who]) * 1000 for who in ("plain", "ddpython"))
            least = (min(row[number] for row in rows["ddpython"]) - min(row[number] for row in rows["plain"])) * 1000
            print(json.dumps({"figure": f"start-up, {name}, ms", "plain": round(plain, 2), "ddpython": round(ours, 2),
                              "more": round(ours - plain, 2), "more, of the fastest": round(least, 2)}))
        more = set(json.loads(run(arguments.ddpython, MODULES, env))) - set(json.loads(run(arguments.python, MODULES, clean)))
        print(json.dumps({"figure": "modules imported", "ddpython": sorted(more)}))
        print(json.dumps({"figure": "threads with a trace", "ddpython": int(run(arguments.ddpython, THREADS, env))}))
        arrivals: list[tuple[int, bytes]] = []

        def answer(request: agent.Request) -> tuple[int, dict[str, str], bytes]:
            arrivals.append((time.monotonic_ns(), request.body))
            return 200, {}, b"{}"

        fake.answer = answer
        begun = int(run(arguments.ddpython, CRASH, env))
        whole = [at for at, body in arrivals if b'"is_crash":true' in body]
        print(json.dumps({"figure": "crash to report, ms", "ddpython": [round((at - begun) / 1e6, 1) for at in whole]}))


if __name__ == "__main__":
    main()
