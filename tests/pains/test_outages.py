"""Agents that are away or misbehave: bounded memory, exact counts, one line."""

import re

import pytest

from conftest import LAUNCHER, NO_AGENT, run

MANY = """
from ddtrace.trace import tracer
def resident():
    with open("/proc/self/statm") as file: return int(file.read().split()[1]) * 4
def work(count):
    for number in range(count):
        with tracer.trace("a", resource=str(number % 100)) as span:
            span.set_tag("key", "value" * 5)
            with tracer.trace("b"): pass
work(60_000)
before = resident()
work(120_000)
print(resident() - before)
"""


@pytest.mark.parametrize("answer", ["nobody", "silent", "close", "garbage", "reject"])
def test_memory_stays_and_one_line_counts_what_is_lost(agent, answer):
    agent.answer = answer if answer != "nobody" else "ok"
    url = NO_AGENT if answer == "nobody" else agent.url
    code, grown_kib, err = run(LAUNCHER, MANY, DD_TRACE_AGENT_URL=url)
    # Room for the buffers to fill; a span is some 300 bytes, and 240,000 of them were made.
    assert code == 0 and int(grown_kib) < 24 * 1024
    [line] = err.splitlines()
    assert len(line) <= 200
    assert 0 < int(re.search(r"(\d+) traces dropped", line)[1]) <= 180_000


def test_what_is_off_opens_nothing():
    source = ("import os\nfrom ddtrace.trace import tracer\n"
              "for _ in range(1000):\n    with tracer.trace('a'): pass\n"
              "print(len(os.listdir('/proc/self/task')), sorted(os.listdir('/proc/self/fd')))")
    assert run(LAUNCHER, source, DD_TRACE_ENABLED="false") == (0, "1 ['0', '1', '2', '3']\n", "")
