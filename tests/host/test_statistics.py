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


def attributes(of):
    def value(one):
        [(kind, held)] = one.items()
        return [value(item) for item in held["values"]] if kind == "arrayValue" else held
    return {one["key"]: value(one["value"]) for one in of["attributes"]}


METRICS = """
import time
from ddtrace.trace import tracer
def span(name, seconds, **tags):
    with tracer.trace(name, resource=tags.pop("resource", None)) as made:
        for key, value in tags.items(): made.set_tag(key.replace("__", "."), value)
        made.start_ns = time.time_ns() - int(seconds * 1e9)
span("web", 0.3, span__kind="server", http__method="GET", http__route="/a", http__status_code=200)
span("web", 0.7, span__kind="server", http__method="GET", http__route="/a", http__status_code=200)
span("rpc", 20, span__kind="Client", grpc__status__code="Canceled", resource="/x.Y/Z")
with tracer.trace("dropped") as dropped:
    dropped.set_tag("manual.drop")
    dropped.error = 1
    with tracer.trace("inside"): pass
"""


@pytest.mark.parametrize("variables, to_agent", [
    ({"OTEL_TRACES_SPAN_METRICS_ENABLED": "true"}, True),
    ({"OTEL_TRACES_SPAN_METRICS_ENABLED": "1", **ON}, True),  # the collector's, not the agent's
    ({"OTEL_TRACES_SPAN_METRICS_ENABLED": "true", "OTEL_TRACES_EXPORTER": "otlp"}, False),
    ({"DD_METRICS_OTEL_ENABLED": "true", "OTEL_TRACES_EXPORTER": "otlp"}, False),
])
def test_a_collector_gets_durations_as_histograms(variables, to_agent):
    with Agent() as agent, Agent() as collector:
        run(agent, METRICS, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_EXPORTER_OTLP_METRICS_HEADERS="x-key=1",
            DD_SERVICE="shop", DD_ENV="e", DD_TAGS="team:core,version:3", **variables)
        [request] = collector.by_path("/v1/metrics")
        traces = agent.by_path("/v0.5/traces") if to_agent else collector.by_path("/v1/traces")
        assert not agent.by_path("/v0.6/stats")
    assert traces[0].headers["datadog-client-computed-stats"] == ("true" if to_agent else "yes")
    assert (request.headers["content-type"], request.headers["x-key"]) == ("application/json", "1")
    [resource] = json.loads(request.body)["resourceMetrics"]
    told = attributes(resource["resource"])
    assert told.items() >= {"service.name": "shop", "deployment.environment.name": "e", "service.version": "3",
                            "telemetry.sdk.language": "python", "datadog.tracer_tags": ["team:core"]}.items()
    [metric] = resource["scopeMetrics"][0]["metrics"]
    assert (metric["name"], metric["unit"], metric["histogram"]["aggregationTemporality"]) == (
        "traces.span.sdk.metrics.duration", "s", 1)
    points = {attributes(point)["datadog.operation.name"]: point for point in metric["histogram"]["dataPoints"]}
    assert sorted(points) == ["dropped", "rpc", "web"]
    web, rpc, dropped = (attributes(points[name]) for name in ("web", "rpc", "dropped"))
    assert web == {"service.name": "shop", "status.code": "STATUS_CODE_OK", "span.kind": "SPAN_KIND_SERVER", "span.name": "web",
                   "http.request.method": "GET", "http.route": "/a", "http.response.status_code": "200",
                   "datadog.operation.name": "web", "datadog.is_trace_root": True, "datadog.span.top_level": True}
    assert (rpc["span.kind"], rpc["span.name"], rpc["rpc.response.status_code"]) == ("SPAN_KIND_CLIENT", "/x.Y/Z", "CANCELLED")
    assert dropped["status.code"] == "STATUS_CODE_ERROR"
    point = points["web"]
    # 0.3 s and 0.7 s, between the bounds 0.2, 0.4 and 0.8.
    assert point["count"] == "2" and [i for i, n in enumerate(point["bucketCounts"]) if n != "0"] == [8, 9]
    assert 0.3 <= point["min"] < point["max"] and point["sum"] == pytest.approx(point["min"] + point["max"])
    assert points["rpc"]["bucketCounts"][-1] == "1" and len(point["bucketCounts"]) == len(point["explicitBounds"]) + 1


@pytest.mark.parametrize("variables", [{"OTEL_TRACES_SPAN_METRICS_ENABLED": "maybe"}, {"DD_METRICS_OTEL_ENABLED": "true"},
                                       {"OTEL_TRACES_SPAN_METRICS_ENABLED": "false", "OTEL_TRACES_EXPORTER": "otlp",
                                        "DD_METRICS_OTEL_ENABLED": "true"}])
def test_a_collector_gets_no_metrics_that_nobody_asked_for(variables):
    with Agent() as agent, Agent() as collector:
        run(agent, METRICS, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, **variables)
        assert not collector.by_path("/v1/metrics")
        assert all("datadog-client-computed-stats" not in one.headers for one in agent.requests + collector.requests)
