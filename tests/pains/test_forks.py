"""Forks of a busy process: no hang, every span once, whoever made it and however it ended."""

import collections

import pytest

from conftest import LAUNCHER, NO_AGENT, run

# From 3.12 on a fork warns of the program's own threads.
QUIET = {"PYTHONWARNINGS": "ignore::DeprecationWarning"}

BUSY = """
import multiprocessing, os, signal, subprocess, sys, threading, time
from ddtrace.trace import tracer
way, stop = sys.argv[1], False
made = [0] * 4
def work(number):
    while not stop:
        with tracer.trace("busy"): pass
        made[number] += 1
        time.sleep(0.001)
threads = [threading.Thread(target=work, args=[n]) for n in range(4)]
for thread in threads: thread.start()
def child(number):
    with tracer.trace("child", resource=str(number)): pass
    if number % 5 == 0 and os.fork() == 0:
        with tracer.trace("grandchild", resource=str(number)): pass
        os._exit(0)
    if number % 5 == 0: os.wait()
def fork(number, end=os._exit):
    pid = os.fork()
    if pid == 0:
        child(number)
        end(0)
    assert os.waitpid(pid, 0)[1] == 0
signal.signal(signal.SIGUSR1, lambda *_: fork(number))
for number in range(30):
    if way == "os._exit": fork(number)
    elif way == "sys.exit": fork(number, sys.exit)
    elif way == "handler": signal.raise_signal(signal.SIGUSR1)
    elif way == "thread":
        thread = threading.Thread(target=fork, args=[number])
        thread.start()
        thread.join()
    else:
        process = multiprocessing.get_context("fork").Process(target=child, args=[number])
        process.start()
        process.join()
        assert process.exitcode == 0
stop = True
for thread in threads: thread.join()
print(sum(made))
"""
WAYS = ["os._exit", "sys.exit", "handler", "thread", "multiprocessing"]


@pytest.mark.parametrize("way", WAYS)
def test_every_span_of_a_busy_family_arrives_once(agent, way):
    code, out, err = run(LAUNCHER, BUSY, way, **QUIET, DD_TRACE_AGENT_URL=agent.url)
    assert (code, err) == (0, "")
    spans = agent.spans()
    assert max(collections.Counter(span["span_id"] for span in spans).values()) == 1
    names = collections.Counter(span["name"] for span in spans)
    assert names == {"busy": int(out), "child": 30, "grandchild": 6}
    resources = [span["resource"] for span in spans if span["name"] == "child"]
    assert sorted(resources, key=int) == [str(n) for n in range(30)]


@pytest.mark.parametrize("way", WAYS)
def test_a_busy_family_without_an_agent_ends_all_the_same(way):
    code, _, err = run(LAUNCHER, BUSY, way, **QUIET, DD_TRACE_AGENT_URL=NO_AGENT)
    assert code == 0 and len(err.splitlines()) <= 1
