"""Traces for an OpenTelemetry collector: which of them, and of what kind its spans are."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from fakes.agent import Agent  # noqa: E402

LAUNCHER = os.environ["DD_LAUNCHER"]
PROGRAM = """
from ddtrace.trace import tracer
with tracer.trace("rejected") as root:
    root.set_tag("manual.drop")
    tracer.trace("single").finish()
with tracer.trace("failed") as root:
    root.set_tag("manual.drop")
    with tracer.trace("inside") as span: span.error = 1
for kind in ("CLIENT", "Server", "consumer", "internal", "other"):
    with tracer.trace(kind) as span: span.set_tag("span.kind", kind)
"""
ALWAYS = {"failed": 1, "inside": 1, "CLIENT": 3, "Server": 2, "consumer": 5, "internal": 1, "other": 0}


@pytest.mark.parametrize("variables, single", [
    ({}, {}),
    ({"DD_SPAN_SAMPLING_RULES": '[{"name": "single"}]'}, {"single": 1}),
    ({"DD_SPAN_SAMPLING_RULES": '[{"name": "single"}]', "OTEL_TRACES_SPAN_METRICS_ENABLED": "true"}, {"single": 1}),
])
def test_a_collector_gets_what_an_agent_with_statistics_would(variables, single):
    with Agent() as collector:
        environment = {"PATH": os.environ["PATH"], "OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json",
                       "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "DD_TRACE_AGENT_URL": "http://127.0.0.1:1"} | variables
        subprocess.run([LAUNCHER, "-c", PROGRAM], env=environment, check=True, timeout=60, capture_output=True)
        sent = [span for request in collector.by_path("/v1/traces") for resource in json.loads(request.body)["resourceSpans"]
                for scope in resource["scopeSpans"] for span in scope["spans"]]
    assert {span["name"]: span["kind"] for span in sent} == single | ALWAYS
