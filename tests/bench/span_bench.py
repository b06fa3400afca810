"""Thread CPU of spans in this interpreter, best of several rounds, in ns.

    ddpython tests/bench/span_bench.py

The same file runs under `python` with the ddtrace wheel installed, for comparison.
"""

import time

from ddtrace.trace import tracer


def child():
    with tracer.trace("x"):
        pass


def root_with_tags():
    with tracer.trace("root") as span:
        span.set_tag("http.method", "GET")
        span.set_tag("http.url", "http://localhost/")
        span.set_tag("component", "bench")
        span.set_tag("customer", "c-17")
        span.set_tag("size", 42)


def empty():
    pass


def best(function, calls=200, rounds=300):
    lowest = float("inf")
    for _ in range(rounds):
        start = time.thread_time_ns()
        for _ in range(calls):
            function()
        lowest = min(lowest, (time.thread_time_ns() - start) / calls)
    return lowest


def children():
    lowest = float("inf")
    for _ in range(300):
        with tracer.trace("top"):
            lowest = min(lowest, best(child, rounds=1))
    return lowest


if __name__ == "__main__":
    base = best(empty)
    print(f"empty call             {base:8.0f} ns")
    print(f"child span             {children() - base:8.0f} ns")
    print(f"root span, five tags   {best(root_with_tags) - base:8.0f} ns")
