#!/usr/bin/env python3
"""The table of docs/benchmarks.md from the results of tests/bench/run.

    document.py RESULTS.jsonl [INSTRUCTIONS.jsonl]

Replaces what stands between the two marks in docs/benchmarks.md. Goals are those of the project;
"added" follows from the paired ratio, in the figure's unit.
"""

import json
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


@dataclass(frozen=True)
class Row:
    label: str
    title: str
    figure: str
    unit: str
    goal: str
    alone: bool = False  # plain python has no such figure
    down: bool = False  # without an agent
    variant: str = ""  # of both launchers
    ours: str = ""  # of ddpython, when the other has none


LIBRARIES = "b_libs.py sqlite,requests,logging,redis,asyncio"
ROWS = [
    Row("start-up to the first line, CPU", "b_startup.py", "cpu_to_main_ms", "ms", "+1"),
    Row("start-up, peak memory", "b_startup.py", "peak_rss_mb", "MiB", "+3"),
    Row("start-up, modules", "b_startup.py", "modules", "", "+0"),
    Row("start-up, threads", "b_startup.py", "threads", "", "+0"),
    Row("root span", "b_spans.py", "root", "ns", "", alone=True),
    Row("root span with five tags", "b_spans.py", "root_5_tags", "ns", "500", alone=True),
    Row("root span, encoded and sent, all threads", "b_spans.py", "sent_root", "ns", "", True),
    Row("root span with five tags, encoded and sent, all threads", "b_spans.py",
        "sent_root_5_tags", "ns", "600", True),
    Row("child span", "b_spans.py", "child", "ns", "300", alone=True),
    Row("child span, encoded and sent, all threads", "b_spans.py", "sent_child", "ns", "", True),
    Row("root span with an error", "b_spans.py", "root_error", "ns", "", alone=True),
    Row("set_tag", "b_spans.py", "set_tag", "ns", "", alone=True),
    Row("spans a second of processor time, encoded and sent, one core", "b_core.py",
        "spans_per_cpu_second", "", "1,000,000", True, variant="+quiet"),
    Row("a span in one thread, sent", "b_core.py", "one_thread_ns", "ns", "", True, variant="+quiet"),
    Row("a span in two threads, sent", "b_core.py", "two_threads_ns", "ns", "as in one", True,
        variant="+quiet"),
    Row("wake-ups of the idle tracer", "b_core.py", "wakes_per_s", "/s", "0", True, variant="+quiet"),
    Row("memory of an unfinished span", "b_spanmem.py", "bytes_per_open_span", "bytes", "256", True),
    Row("inject and extract, datadog and tracecontext", "b_misc.py propagation", "both_us", "us",
        "1.5", True, variant="+two"),
    Row("root span with five tags, sent, surviving SIGKILL", "b_spans.py", "sent_root_5_tags", "ns",
        "", True, ours="+surviving"),
    Row("child span, sent, surviving SIGKILL", "b_spans.py", "sent_child", "ns", "", True,
        ours="+surviving"),
    Row("Flask request, nine spans, request thread", "b_web.py flask", "cpu_us", "us", "+15"),
    Row("Flask request, nine spans, all threads", "b_web.py flask", "process_cpu_us", "us", "+25"),
    Row("Django request, 22 spans, request thread", "b_web.py django", "cpu_us", "us", "+30"),
    Row("FastAPI request, two spans, request thread", "b_web.py fastapi", "cpu_us", "us", "+8"),
    Row("gunicorn and Flask under load, requests a second", "b_e2e.py", "requests_per_s", "", "0.90x"),
    Row("gunicorn and Flask under load, CPU of a request", "b_e2e.py", "cpu_us", "us", ""),
    Row("sqlite3 cursor.execute", LIBRARIES, "sqlite_cursor_us", "us", "+1"),
    Row("sqlite3 connection.execute", LIBRARIES, "sqlite_connection_us", "us", "+1"),
    Row("requests.get on loopback", LIBRARIES, "requests_get_us", "us", "+15"),
    Row("redis GET on loopback", LIBRARIES, "redis_get_us", "us", "+2.5"),
    Row("redis pipeline of ten", LIBRARIES, "redis_pipeline_of_10_us", "us", ""),
    Row("asyncio task, created and awaited", LIBRARIES, "asyncio_task_us", "us", "+0.3"),
    Row("logger.info", LIBRARIES, "logging_info_us", "us", "+0.2"),
    Row("import of a small module (of 500)", "b_imports.py 500", "import_us", "us", "1.01x"),
    Row("fork and wait", "b_misc.py fork", "fork_wait_us", "us", "+100"),
    Row("exit after one trace, no agent", "b_exit.py", "exit_ms", "ms", "+100", down=True),
    Row("100,000 traces, no agent: memory", "b_exit.py 100000", "grown_mb", "MiB", "+8",
        down=True),
]


def named(value: float | None) -> str:
    if value is None:
        return ""
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def row(results: list[dict], want: Row) -> str | None:
    suffix = "+down" if want.down else want.variant
    ddpython = f"ddpython{want.ours or suffix}"
    for result in results:
        if result["title"] == want.title and ddpython in result["median"]:
            break
    else:
        return None
    median, ratio = result["median"], result["ratio"]
    plain = None if want.alone else median["plain"].get(want.figure)
    theirs = median[f"ddtrace{suffix}"].get(want.figure)
    ours = median[ddpython].get(want.figure)
    if ours is None:
        return None
    if plain is None:
        added = named(ours)
        compared = ""
        if theirs and ours:
            less = theirs >= ours
            compared = f"1/{theirs / ours:.0f} of ddtrace" if less else f"{ours / theirs:.0f}x ddtrace"
    else:
        times = ratio[ddpython].get(want.figure)
        paired = plain >= 0.1 and times is not None
        added = f"{plain * (times - 1) if paired else ours - plain:+.3g}"
        compared = f"{times:.2f}x" if paired else ""
    label = f"{want.label}, {want.unit}" if want.unit else want.label
    return (f"| {label} | {named(plain)} | {named(theirs)} | {named(ours)} | {added} "
            f"| {compared} | {want.goal} |")


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def lines_of(path: str) -> list[dict]:
    return [json.loads(line) for line in Path(path).read_text().splitlines() if line.strip()]


def main() -> None:
    results = lines_of(sys.argv[1])
    load = max(result["load"] for result in results)
    out = [
        BEGIN,
        "",
        f"{processor()}, {os.cpu_count()} CPUs shared with other machines, Linux "
        f"{platform.release().partition('-')[0]}; medians of {results[0]['rounds']} interleaved "
        f"rounds, load average at most {load:.1f}.",
        "",
        "| figure | python | ddtrace-run | ddpython | added | against | goal |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *filter(None, (row(results, want) for want in ROWS)),
    ]
    if len(sys.argv) > 2:
        out += ["", "Instructions, user space, by valgrind:", "",
                "| | python | ddpython | against |", "| --- | --- | --- | --- |"]
        for one in lines_of(sys.argv[2]):
            out.append(f"| {one['what']}, {one['version']} | {one['plain']:,} | {one['ddpython']:,} "
                       f"| {one['ddpython'] / one['plain']:.3f}x |")
    out += ["", END]
    page = PAGE.read_text()
    before, _, rest = page.partition(BEGIN)
    PAGE.write_text(before + "\n".join(out) + rest.partition(END)[2])


if __name__ == "__main__":
    main()
