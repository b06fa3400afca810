"""Clocks that lie, values nobody expects, and machines that lack what others have."""

import os
import resource
import subprocess

import pytest

from conftest import LAUNCHER, NO_AGENT, PLAIN, environment, run, without_complaint

CLOCKS = """
import time
from unittest import mock
from ddtrace.trace import tracer
names = "time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"
before = time.time_ns()
with mock.patch.multiple(time, **{name: lambda: 5 for name in names}):
    with tracer.trace("a") as span: pass
print(before <= span.start_ns <= time.time_ns(), 0 <= span.duration_ns <= time.time_ns() - before)
"""


def test_mocked_clocks_do_not_change_spans():
    assert run(LAUNCHER, CLOCKS, DD_TRACE_AGENT_URL=NO_AGENT)[:2] == (0, "True True\n")


VALUES = r"""
import decimal, sys
from ddtrace.trace import tracer
class Bad:
    def __str__(self): raise RuntimeError("no text")
    __repr__ = __str__
class Weird(str): pass
cycle = []
cycle.append(cycle)
values = ["\ud800", "\0", "x" * 10_000_000, "\U0001f600" * 30_000, b"\xff\xfe", 2**70, -2**70, 2**63, -2**63,
          float("nan"), float("inf"), -0.0, 1e308, True, None, cycle, {"a": {"b": cycle}}, {1: 2}, Bad(), Weird("w"),
          object, decimal.Decimal("1.5"), 1j, range(3), lambda: 0, "", "a" * 25_001]
with tracer.trace("root") as root:
    for number, value in enumerate(values):
        for set in (root.set_tag, lambda k, v: root.set_tags({k: v})):
            try: set(f"key{number}", value)
            except RuntimeError: pass
        with tracer.trace("child") as child:
            for name in "name", "service", "resource", "span_type":
                try: setattr(child, name, value)
                except (TypeError, RuntimeError): pass
            try: child.set_tag(value, "v")
            except (TypeError, RuntimeError): pass
"""


def test_any_value_is_sent_and_the_trace_can_be_read(agent):
    code, _, err = run(LAUNCHER, VALUES, DD_TRACE_AGENT_URL=agent.url)
    assert (code, err) == (0, "")
    spans = agent.spans()
    assert len(spans) == 1 + 27 and all(len(span["name"]) < 30_000 for span in spans)


SPANS = ("import sys\nif any('ddpython' in repr(f) for f in sys.meta_path):\n"
         "    from ddtrace.trace import tracer\n    for _ in range(1000):\n        tracer.trace('a').finish()\n"
         "print('done')\n")
LIMITS = {
    "six files": (resource.RLIMIT_NOFILE, 6),
    "60 MB of addresses": (resource.RLIMIT_AS, 60 << 20),
    "a small stack": (resource.RLIMIT_STACK, 256 << 10),
    "no files to write": (resource.RLIMIT_FSIZE, 0),
}


def outcome(program, prepare=None, command=(), source=SPANS, **options):
    done = subprocess.run([*command, program, "-c", source], env=environment({}), text=True, timeout=60,
                          capture_output=True, preexec_fn=prepare, **options)
    return done.returncode, done.stdout, without_complaint(done.stderr)


@pytest.mark.parametrize("which, value", LIMITS.values(), ids=LIMITS.keys())
def test_low_limits(which, value):
    def prepare(): resource.setrlimit(which, (value, value))
    assert outcome(LAUNCHER, prepare) == outcome(PLAIN, prepare) == (0, "done\n", "")


def test_no_threads():
    """The system makes none: spans are counted as lost, and the program ends."""
    def prepare():
        resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
        if os.getuid() == 0:  # root has no such limit
            os.setgroups([])
            os.setuid(40000 + os.getpid() % 20000)  # one whose processes nobody else counts
    try:
        plain, ours = outcome(PLAIN, prepare), outcome(LAUNCHER, prepare)
    except PermissionError:
        pytest.skip("another user may not run these programs")
    assert ours == plain == (0, "done\n", "")
    said = subprocess.run([LAUNCHER, "-c", SPANS], env=environment({"DD_TRACE_AGENT_URL": NO_AGENT}), text=True,
                          capture_output=True, preexec_fn=prepare, timeout=60).stderr
    assert said.count("\n") == 1 and "(never asked): 1000 traces dropped" in said


@pytest.mark.parametrize("closed", [[0], [1], [2], [0, 1, 2]], ids=str)
def test_closed_streams(closed):
    def prepare():
        for number in closed: os.close(number)
    show = SPANS.replace("'done'", "sys.stdin, sys.stdout, sys.stderr, sep='\\n'")
    plain, ours = outcome(PLAIN, prepare, source=show), outcome(LAUNCHER, prepare, source=show)
    assert ours == plain


@pytest.mark.parametrize("options", [[], ["--dd-local"]], ids=str)
def test_what_is_meant_for_a_closed_stream_is_not_in_a_file_of_the_program(tmp_path, options):
    source = ("import os\nfile = os.open('own', os.O_CREAT | os.O_WRONLY)\nassert file == 2\n"
              "from ddtrace.trace import tracer\ntracer.trace('a').finish()\n")
    done = subprocess.run([LAUNCHER, *options, "-c", source], env=environment({"DD_TRACE_AGENT_URL": NO_AGENT}),
                          cwd=tmp_path, preexec_fn=lambda: os.close(2), timeout=60)
    assert done.returncode == 0 and (tmp_path / "own").read_bytes() == b""


def test_a_folder_that_is_gone(tmp_path):
    def prepare():
        os.chdir(tmp_path)
        if tmp_path.exists(): os.rmdir(tmp_path)
    plain = outcome(PLAIN, prepare)
    tmp_path.mkdir()
    assert outcome(LAUNCHER, prepare) == plain == (0, "done\n", "")


ISOLATED = {
    "no network": (["-n"], ""),
    "no /proc": (["-m"], "umount -l /proc"),
    "no /dev": (["-m"], "mount -t tmpfs x /dev"),
    "no /dev/shm to write": (["-m"], "mount -t tmpfs -o ro x /dev/shm"),
    "nothing to write": (["-m"], "mount -o remount,ro,bind / || mount --bind / / && mount -o remount,ro,bind /"),
    "the first process": (["-p", "-f"], ""),
}


@pytest.mark.parametrize("how, before", ISOLATED.values(), ids=ISOLATED.keys())
def test_isolated(how, before):
    command = ["unshare", *how, "sh", "-c", f'{before or ":"}; exec "$0" "$@"']
    try:
        possible = subprocess.run([*command, "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        possible = False
    if not possible: pytest.skip("needs the right to make namespaces")
    assert outcome(LAUNCHER, command=command) == outcome(PLAIN, command=command) == (0, "done\n", "")
