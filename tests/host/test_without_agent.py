"""Traces where there is no agent (lines of a log in AWS Lambda, the intake of the site), and metrics about them."""

import contextlib
import ctypes
import json
import os
import pathlib
import socket
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from conftest import LAUNCHER, clean_environment  # noqa: E402
from fakes.agent import Agent, unpack  # noqa: E402

PROGRAM = """
from ddtrace.trace import tracer
with tracer.trace("web", service="shop", resource="GET /\u00e9", span_type="web") as web:
    web.set_tag("whole", 1); web.set_tag("text", "x"); web.set_tag("part", 1.5)
    with tracer.trace("child") as child:
        child.error = 1
        child.set_link(0xabc, 0xdef)
        child._add_event("event", {"n": 1})
with tracer.trace("two"): pass
print("done")
"""


def run(**variables):
    return subprocess.run([LAUNCHER, "-c", PROGRAM], capture_output=True, text=True, timeout=60,
                          env=clean_environment(**variables))


def zstd(data):
    library = ctypes.CDLL("libzstd.so.1")
    library.ZSTD_decompress.restype = ctypes.c_size_t
    room = ctypes.create_string_buffer(1 << 20)
    size = library.ZSTD_decompress(room, ctypes.c_size_t(len(room)), data, ctypes.c_size_t(len(data)))
    return room.raw[:size]


def test_lambda_writes_each_chunk_as_a_line():
    done = run(AWS_LAMBDA_FUNCTION_NAME="handler")
    assert (done.returncode, done.stderr) == (0, "")
    first, second, last = done.stdout.splitlines()
    assert last == "done" or first == "done"  # python's own output is written when its buffer is
    chunks = [json.loads(line)["traces"] for line in done.stdout.splitlines() if line != "done"]
    [[[web, child]], [[two]]] = chunks
    for span in (web, child, two):
        for key in ("trace_id", "parent_id", "span_id"):
            assert len(span[key]) == 16 and span[key] == span[key].upper()
    assert (web["parent_id"], child["parent_id"]) == ("0" * 16, web["span_id"])
    assert (web["service"], web["resource"], web["type"], web["error"]) == ("shop", "GET /\u00e9", "web", 0)
    assert web["meta"].items() >= {"text": "x", "_dd.p.dm": "-0", "language": "python"}.items()
    assert web["metrics"].items() >= {"whole": 1, "part": 1.5, "_sampling_priority_v1": 1}.items()
    assert "_dd.tracer_kr" not in web["metrics"] and "span_events" not in child and "metrics" not in child
    assert child["span_links"] == [{"trace_id": f"{0xabc:032x}", "span_id": f"{0xdef:016x}"}]
    assert two["service"] == "handler" and child["error"] == 1


@pytest.mark.parametrize("more", [{"DD_TRACE_AGENT_URL": ""}, {"GCP_PROJECT": "p", "FUNCTION_NAME": "f"}])
def test_lambda_with_an_agent_writes_nothing(more):
    with Agent() as agent:
        port = agent.url.rpartition(":")[2]
        where = {"DD_TRACE_AGENT_URL": agent.url} if "DD_TRACE_AGENT_URL" in more else {"DD_TRACE_AGENT_PORT": port}
        assert run(**{"AWS_LAMBDA_FUNCTION_NAME": "handler", **more, **where}).stdout == "done\n"
        assert [span["name"] for span in agent.spans(3)] == ["web", "child", "two"]


INTAKE = {"DD_AGENTLESS_ENABLED": "true", "DD_API_KEY": "k" * 32, "DD_ENV": "test",
          "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false"}


@pytest.mark.parametrize("function", [
    {"GCP_PROJECT": "p", "FUNCTION_NAME": "f"}, {"K_SERVICE": "s", "FUNCTION_TARGET": "t"},
    {"FUNCTIONS_WORKER_RUNTIME": "python", "FUNCTIONS_EXTENSION_VERSION": "4"}])
def test_a_function_of_a_cloud_sends_each_chunk_at_once(function):
    """It may be frozen after its answer. Statistics are on, and v0.4 is spoken, as by the reference."""
    with Agent() as agent:
        show = "import os, sys\nwith tracer.trace('one'): pass\nsys.stdout.write('sent'); os.kill(os.getpid(), 9)"
        done = subprocess.run([LAUNCHER, "-c", "from ddtrace.trace import tracer\n" + show], timeout=60,
                              env=clean_environment(DD_TRACE_AGENT_URL=agent.url, **function))
        assert done.returncode == -9 and [span["name"] for span in agent.spans()] == ["one"]
        assert agent.by_path("/v0.4/traces") and agent.by_path("/info")


def test_the_intake_takes_traces_without_an_agent():
    with Agent() as intake:
        done = run(_DD_APM_TRACING_AGENTLESS_URL=intake.url, DD_TRACE_STATS_COMPUTATION_ENABLED="false", **INTAKE)
        assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")
        [request] = intake.requests
    headers = request.headers
    assert (headers["dd-api-key"], headers["content-type"], headers["x-datadog-trace-count"]) == (
        "k" * 32, "application/json", "2")
    assert headers["datadog-meta-lang"] == "python"
    body = zstd(request.body) if headers.get("content-encoding") == "zstd" else request.body
    first, second = json.loads(body)["traces"]
    assert first.keys() == {"hostname", "env", "languageName", "languageVersion", "tracerVersion", "runtimeID",
                            "spans"}
    assert (first["env"], first["languageName"], first["tracerVersion"]) == ("test", "python", "4.16.0")
    web, child = first["spans"]
    assert web["meta"]["_dd.compute_stats"] == "1" and web["metrics"]["_trace_root"] == 1
    assert child["parent_id"] == web["span_id"] == web["span_id"].lower()
    assert json.loads(child["meta"]["_dd.span_links"])[0]["span_id"] == f"{0xdef:016x}"
    assert json.loads(child["meta"]["events"])[0]["name"] == "event"


QUERIES = """
from ddtrace.trace import tracer
def span(name, type, resource, tag, value):
    with tracer.trace(name, span_type=type, resource=resource) as made: made.set_tag(tag, value)
with tracer.trace("web", service="shop"):
    span("sql", "sql", "select a from t where b = 5", "sql.query", "mine 5")
    span("redis", "redis", "SET k v\\nGET k", "redis.raw_command", "SET k v\\nHSET h a 1 b 2\\nZADD z NX 1 a")
    span("search", "elasticsearch", "GET /x", "elasticsearch.body", '{"a": [1, "s"], "b": null} {"c')
    span("documents", "mongodb", "find t", "mongodb.query", '{"a": {"b": 1.5}}')
    span("cache", "memcached", "get", "memcached.command", "get k")
    span("none", "http", "GET /5", "sql.query", "select 5")
with tracer.trace("dropped") as dropped: dropped.set_tag("manual.drop")
"""


def test_the_intake_gets_statistics_and_no_values_of_queries():
    with Agent() as intake:
        done = subprocess.run([LAUNCHER, "-c", QUERIES], capture_output=True, text=True, timeout=60,
                              env=clean_environment(_DD_APM_TRACING_AGENTLESS_URL=intake.url, **INTAKE))
        assert (done.returncode, done.stderr) == (0, "")
        [traces], [stats] = intake.by_path("/v1/input"), intake.by_path("/api/v0.2/stats")
    assert stats.headers["dd-api-key"] == "k" * 32 and stats.headers["content-encoding"] == "zstd"
    payload = unpack(zstd(stats.body))
    assert list(payload) == ["AgentHostname", "AgentEnv", "Stats", "AgentVersion", "ClientComputed", "SplitPayload"]
    assert (payload["AgentEnv"], payload["AgentVersion"], payload["ClientComputed"]) == ("test", "4.16.0-python", True)
    [process] = payload["Stats"]
    assert (process["Lang"], process["TracerVersion"], process["Env"]) == ("python", "4.16.0", "test")
    assert process["Hostname"] == payload["AgentHostname"] == os.uname().nodename
    groups = {group["Name"]: group for bucket in process["Stats"] for group in bucket["Stats"]}
    assert groups.keys() == {"web", "dropped"} and groups["dropped"]["Hits"] == 1
    [chunk] = json.loads(zstd(traces.body))["traces"]  # what is dropped is counted, not sent
    web, *others = chunk["spans"]
    assert "_dd.compute_stats" not in web["meta"] and web["meta"]["_dd.hostname"] == os.uname().nodename
    sent = {span["name"]: (span["resource"], span["meta"]) for span in others}
    assert sent["sql"][0] == sent["sql"][1]["sql.query"] == "select a from t where b = ?"
    assert (sent["redis"][0], sent["redis"][1]["redis.raw_command"]) == ("SET GET", "SET k ?\nHSET h a ? b ?\nZADD z NX 1 ?")
    assert sent["search"][1]["elasticsearch.body"] == '{"a":["?","?"],"b":"?"} {...'
    assert sent["documents"][1]["mongodb.query"] == '{"a":{"b":"?"}}'
    assert sent["cache"][1]["memcached.command"] == "" and sent["none"][1]["sql.query"] == "select 5"


def test_the_intake_needs_a_key():
    with Agent() as agent:
        done = run(DD_AGENTLESS_ENABLED="true", DD_TRACE_AGENT_URL=agent.url)
        assert len(agent.traces()) == 2 and "DD_API_KEY" in done.stderr


@pytest.mark.parametrize("answer, ends", [("ok", {"http.sent.traces:2"}),
                                          ("error", {"http.dropped.traces:2", "http.errors:1"})])
def test_health_metrics_tell_of_chunks_and_requests(answer, ends):
    with Agent() as agent, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as statsd:
        agent.answer = answer
        statsd.bind(("127.0.0.1", 0))
        statsd.settimeout(10)
        done = run(DD_TRACE_AGENT_URL=agent.url, DD_ENV="e", DD_SERVICE="s", DD_TRACE_HEALTH_METRICS_ENABLED="1",
                   DD_DOGSTATSD_URL=f"udp://127.0.0.1:{statsd.getsockname()[1]}")
        assert done.stdout == "done\n"
        lines = statsd.recv(65536).decode().splitlines()
    assert all(line.startswith("datadog.tracer.") and "|d|#env:e,service:s" in line for line in lines)
    seen = {line[len("datadog.tracer."):].partition("|")[0] for line in lines}
    assert seen >= {"writer.accepted.traces:1", "buffer.accepted.traces:1", "buffer.accepted.spans:2",
                    "buffer.accepted.spans:1"} | ends


@pytest.mark.parametrize("dead", [None, "agent", "collector", "file", "pipe"])
def test_three_writers_have_queues_of_their_own(dead, tmp_path):
    path = tmp_path / "traces"
    if dead == "pipe":  # that nobody reads
        os.mkfifo(path)
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        filler = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(filler, b"x" * 4096)
    with Agent() as agent, Agent() as collector:
        if dead in ("agent", "collector"):
            {"agent": agent, "collector": collector}[dead].answer = "silent"
        done = run(DD_TRACE_AGENT_URL=agent.url, DD_TRACE_ALSO_OTLP="true", DD_INSTRUMENTATION_TELEMETRY_ENABLED="0",
                   DD_TRACE_ALSO_FILE=str(tmp_path if dead == "file" else path),
                   OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=collector.url + "/v1/traces",
                   OTEL_EXPORTER_OTLP_TRACES_PROTOCOL="http/json")
        assert (done.returncode, done.stdout) == (0, "done\n")
        assert done.stderr == ("" if dead != "file" else f"ddpython: {tmp_path}: Is a directory; traces are not written to it\n")
        if dead not in ("file", "pipe"):
            chunks = [json.loads(line)["traces"][0] for line in path.read_text().splitlines()]
            assert [span["name"] for chunk in chunks for span in chunk] == ["web", "child", "two"]
        if dead != "agent":
            assert [span["name"] for span in agent.spans(3)] == ["web", "child", "two"]
        if dead != "collector":
            collector.wait_for(requests=1)
            [request] = collector.by_path("/v1/traces")
            spans = [s for r in request.json()["resourceSpans"] for g in r["scopeSpans"] for s in g["spans"]]
            assert len(spans) == 3
