"""Tracing that is switched off and on, and traces that a rule forbids to send."""

import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from fakes.agent import Agent  # noqa: E402

LAUNCHER = os.environ["DD_LAUNCHER"]


def sent(program, **variables):
    """The names of the spans of each trace that arrives, and the output."""
    with Agent() as agent:
        environment = {"PATH": os.environ["PATH"], "DD_TRACE_AGENT_URL": agent.url} | variables
        done = subprocess.run([LAUNCHER, "-c", "from ddtrace.trace import tracer\n" + program], env=environment, check=True,
                              timeout=60, stdout=subprocess.PIPE, text=True)
        return [[span["name"] for span in trace] for trace in agent.traces()], done.stdout.split()


OFF, ON = "tracer.enabled = False", "tracer.enabled = True"


@pytest.mark.parametrize("steps, traces", [
    ([OFF, "a = tracer.trace('a')", ON, "a.finish()"], []),
    (["a = tracer.trace('a')", OFF, "a.finish()"], []),
    ([OFF, "a = tracer.trace('a')", ON, "b = tracer.trace('b')", "b.finish()", "a.finish()"], [["b"]]),
    (["a = tracer.trace('a')", OFF, "tracer.trace('b').finish()", ON, "a.finish()"], [["a"]]),
    (["a = tracer.trace('a')", OFF, "b = tracer.trace('b')", ON, "b.finish()", "a.finish()"], [["a"]]),
    (["a = tracer.trace('a')", "b = tracer.trace('b')", OFF, "b.finish()", ON, "a.finish()"], [["a"]]),
    (["a = tracer.trace('a')", "b = tracer.trace('b')", OFF, "a.finish()", ON, "b.finish()"], [["b"]]),
], ids=["begun off", "ended off", "parent begun off", "child off", "child begun off", "child ended off", "parent ended off"])
@pytest.mark.parametrize("extra", ["", "tracer.configure(trace_processors=[type('P', (), {'process_trace': lambda s, t: t})()])"],
                         ids=["", "with a processor"])
def test_what_begins_or_ends_while_tracing_is_off_is_not_sent(steps, traces, extra):
    program = "\n".join([extra, *steps, ON, "tracer.trace('last').finish()"])
    assert sent(program)[0] == [*traces, ["last"]]


def test_processors_rest_while_tracing_is_off_and_listeners_do_not():
    program = f"""
from ddtrace.internal import core
from ddtrace._trace.processor import SpanProcessor
class P(SpanProcessor):
    def on_span_start(self, span): print("start", span.name)
    def on_span_finish(self, span): print("finish", span.name)
    def shutdown(self, timeout): pass
P().register()
core.on("trace.span_finish", lambda span: print("heard", span.name))
{OFF}
off = tracer.trace("off"); off.finish()
begun = tracer.trace("begun")
{ON}
begun.finish()
print(off.get_metric("_dd.top_level"), begun.get_metric("_dd.top_level"))
"""
    assert sent(program) == ([], "heard off heard begun finish begun None 1".split())


def test_spans_of_a_time_without_tracing_leave_nothing_behind():
    program = f"""
import gc, weakref
class P:
    def process_trace(self, trace): return trace
tracer.configure(trace_processors=[P()])
def one():
    a = tracer.trace("a")
    {OFF}
    tracer.trace("b").finish(); a.finish()
    {ON}
    return weakref.ref(a)
kept = [one() for _ in range(1000)]
gc.collect()
print(sum(ref() is not None for ref in kept))
"""
    assert sent(program)[1] == ["0"]


@pytest.mark.parametrize("early, traces", [
    ("pass", []),
    ("tracer.sample(span)", [["x"]]),
    ("from ddtrace.propagation.http import HTTPPropagator; HTTPPropagator.inject(span.context, {})", [["x"]]),
    ("span.set_tag('manual.keep')", [["x"]]),
    ("span.set_tag('manual.drop')", [["x"]]),
])
def test_a_rule_forbids_to_send_only_what_nobody_has_heard_of(early, traces):
    program = f"with tracer.trace('x') as span: {early}"
    rules = '[{"name": "x", "sample_rate": 0, "discard": true}]'
    assert sent(program, DD_TRACE_SAMPLING_RULES=rules)[0] == traces
