"""DD_TRACE_REPORT_UNFINISHED: where the spans were started that nobody finished."""

import subprocess

from conftest import LAUNCHER, clean_environment

PROGRAM = """
import atexit, sys, threading
from ddtrace.trace import tracer
def leak(name):
    return tracer.start_span(name)
@tracer.wrap("wrapped")
def fine():
    with tracer.trace("inner"): pass
fine()
late = leak("late")
atexit.register(late.finish)
for _ in range(3): leak("gone")
kept = [leak("kept") for _ in range(2)]
def in_thread(): kept.append(leak("thread"))
thread = threading.Thread(target=in_thread); thread.start(); thread.join()
"""


def run(tmp_path, program, **variables):
    source = tmp_path / "program.py"
    source.write_text(program)
    done = subprocess.run([LAUNCHER, source], capture_output=True, text=True, timeout=60,
                          env=clean_environment(DD_TRACE_AGENT_URL="http://127.0.0.1:1", **variables))
    assert (done.returncode, done.stdout) == (0, "")
    return [line.removeprefix("ddpython: ").replace(str(source), "FILE") for line in done.stderr.splitlines()
            if "no trace agent" not in line]


def test_each_place_is_named(tmp_path):
    assert sorted(run(tmp_path, PROGRAM, DD_TRACE_REPORT_UNFINISHED="true")) == [
        "1 span not finished at the end: 'thread' started at FILE:5 in leak",
        "2 spans not finished at the end: 'kept' started at FILE:5 in leak",
        "3 spans let go unfinished: 'gone' started at FILE:5 in leak",
        "a span is let go unfinished, and is not sent: 'gone' started at FILE:5 in leak",
    ]


def test_it_is_off_by_default(tmp_path):
    assert run(tmp_path, PROGRAM) == []


def test_many_open_spans_are_told_while_the_program_runs(tmp_path):
    lines = run(tmp_path, PROGRAM + "kept += [leak('kept') for _ in range(2500)]\nfor span in kept: span.finish()\n",
                DD_TRACE_REPORT_UNFINISHED="true")
    assert [line for line in lines if "are not finished" in line] == [
        "1000 spans are not finished; 998 of them are 'kept' started at FILE:5 in leak",
        "2000 spans are not finished; 1998 of them are 'kept' started at FILE:5 in leak",
    ]


def test_a_forked_child_tells_of_its_own(tmp_path):
    lines = run(tmp_path, PROGRAM + "import os\nfor span in kept: span.finish()\npid = os.fork()\n"
                "if pid == 0: kept.append(leak('of the child'))\nelse: os.waitpid(pid, 0)\n",
                DD_TRACE_REPORT_UNFINISHED="true")
    assert sum("of the child" in line for line in lines) == 1
