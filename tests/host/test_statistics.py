"""Statistics made in the process, and what is sent of traces then."""

import json
import os
import pathlib
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from fakes.agent import Agent, unpack  # noqa: E402

LAUNCHER = os.environ["DD_LAUNCHER"]
INFO = {"endpoints": ["/v0.4/traces", "/v0.5/traces", "/v0.6/stats"], "client_drop_p0s": True}
ON = {"DD_TRACE_STATS_COMPUTATION_ENABLED": "true"}


def run(agent, program, delay=0.0, **variables):
    """`delay` of the answer about what the agent can do: a payload would be faster."""

    def answer(request):
        if request.path == "/info":
            time.sleep(delay)
            return 200, {}, json.dumps(INFO).encode()
        return 200, {}, b"{}"

    agent.answer = answer
    environment = {"PATH": os.environ["PATH"], "DD_TRACE_AGENT_URL": agent.url,
                   "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false"} | variables
    subprocess.run([LAUNCHER, "-c", program], env=environment, check=True, timeout=60)


def counted(agent):
    """The names of each payload of statistics."""
    payloads = [unpack(request.body) for request in agent.by_path("/v0.6/stats")]
    return [sorted(group["Name"] for bucket in one["Stats"] for group in bucket["Stats"]) for one in payloads]


def test_a_program_that_ends_at_once_has_its_statistics_counted():
    with Agent() as agent:
        run(agent, "from ddtrace.trace import tracer\nwith tracer.trace('x'): pass", 0.02,
            _DD_TRACE_STATS_WRITER_INTERVAL="0.5", **ON)
        [payload] = [unpack(request.body) for request in agent.by_path("/v0.6/stats")]
        [traces] = agent.by_path("/v0.5/traces")
    assert traces.headers["datadog-client-computed-stats"] == "true"
    [bucket] = payload["Stats"]
    assert bucket["Duration"] == 500_000_000 and [group["Name"] for group in bucket["Stats"]] == ["x"]


@pytest.mark.parametrize("call", ["configure(trace_processors=[])", "configure(compute_stats_enabled=False)", "_recreate()",
                                  "_span_aggregator.writer.stop()", "shutdown()"])
def test_statistics_so_far_are_sent_when_the_writer_would_be_another(call):
    program = f"""
from ddtrace.trace import tracer
import ddtrace.internal.writer
tracer.trace("first").finish()
tracer.flush()
tracer.{call}
import os, urllib.request
urllib.request.urlopen(os.environ["DD_TRACE_AGENT_URL"] + "/after").read()
"""
    with Agent() as agent:
        run(agent, program, DD_TRACE_HTTPLIB_ENABLED="false", **ON)
        paths = [request.path for request in agent.requests if request.path != "/info"]
        assert paths == ["/v0.5/traces", "/v0.6/stats", "/after"]
        assert counted(agent) == [["first"]]


HEAD = {"_dd.p.dm": "-4", "language": "python"}


@pytest.mark.parametrize("configured, variables, computed, told", [
    ("", {}, False, False),
    ("", ON, True, True),
    ("tracer.configure(compute_stats_enabled=True)", {}, False, True),  # tags, but no statistics
    ("tracer.configure(compute_stats_enabled=False)", ON, True, False),
])
def test_the_first_span_that_a_rule_kept_tells_of_its_trace(configured, variables, computed, told):
    program = f"""
from ddtrace.trace import tracer
{configured}
with tracer.trace("root") as root:
    root.set_tag("manual.drop")
    tracer.trace("kid").finish()
    tracer.trace("kid").finish()
"""
    with Agent() as agent:
        run(agent, program, DD_SPAN_SAMPLING_RULES='[{"name": "kid"}]', **variables)
        [[*root, first, second]] = agent.traces()
    assert bool(root) != computed
    for span, tells in [*((one, True) for one in root), (first, told), (second, False)]:
        assert (span["meta"].items() >= HEAD.items()) == tells
        assert ("_dd.p.tid" in span["meta"]) == tells
        assert (span["metrics"].get("_sampling_priority_v1") == -1) == tells
        assert ("_dd.tracer_kr" in span["metrics"]) == (span in root)
