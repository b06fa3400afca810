"""Figures of the tracer as a whole: b_core.py [NAME,...] of sustained, threads, idle; all without a name.

sustained: traces of ten spans for some seconds, the process on one core, everything sent: spans for each
second of processor time, of all threads. threads: processor time a span in one thread and in two. idle:
how often a second the tracer's threads wake while the program sleeps.
"""

import os
import sys
import threading
import time

import measure

SECONDS = float(os.environ.get("BENCH_SECONDS", "2"))
figures = {}

if measure.API == "ddtrace":
    from ddtrace.trace import tracer

    span, flush = tracer.trace, tracer.flush
elif measure.API == "otel":
    from opentelemetry import trace

    span = trace.get_tracer("bench").start_as_current_span
    flush = trace.get_tracer_provider().force_flush
else:
    from contextlib import nullcontext as span

    def flush():
        pass


def traces(n):
    for _ in range(n // 10):
        with span("root"):
            for _ in range(9):
                with span("child"):
                    pass


def sustained():
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    traces(2000)
    flush()
    done, started, until = 0, time.process_time_ns(), time.process_time_ns() + SECONDS * 1e9
    while time.process_time_ns() < until:
        traces(5000)
        done += 5000
        time.sleep(0.002)  # the sink is on some core, too
    flush()
    figures["spans_per_cpu_second"] = done / (time.process_time_ns() - started) * 1e9
    os.sched_setaffinity(0, cores)


def threads():
    def cpu_ns(count, each):
        some = [threading.Thread(target=traces, args=[each]) for _ in range(count)]
        flush()
        started = time.process_time_ns()
        for one in some:
            one.start()
        for one in some:
            one.join()
        flush()
        return (time.process_time_ns() - started) / count / each

    cpu_ns(2, 5000)
    rounds = [(cpu_ns(1, 40000), cpu_ns(2, 20000)) for _ in range(7)]
    figures["one_thread_ns"] = min(one for one, _ in rounds)
    figures["two_threads_ns"] = min(two for _, two in rounds)
    figures["two_threads_ratio"] = sorted(two / one for one, two in rounds)[len(rounds) // 2]


def idle():
    def wakes():
        total = 0
        for task in os.listdir("/proc/self/task"):
            with open(f"/proc/self/task/{task}/status") as status:
                if int(task) != os.getpid():
                    total += int(status.read().split("\nvoluntary_ctxt_switches:")[1].split()[0])
        return total

    traces(100)
    flush()
    time.sleep(1.5)
    before = wakes()
    time.sleep(4)
    figures["wakes_per_s"] = (wakes() - before) / 4


for name in sys.argv[1].split(",") if len(sys.argv) > 1 else ("sustained", "threads", "idle"):
    {f.__name__: f for f in (sustained, threads, idle)}[name]()
measure.emit(figures)
