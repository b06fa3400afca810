"""What the program says about itself: instrumentation telemetry, from the first trace to the end."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from fakes.agent import Agent  # noqa: E402

LAUNCHER = os.environ["DD_LAUNCHER"]
PATH = "/telemetry/proxy/api/v2/apmtelemetry"
ONE_SPAN = """
from ddtrace.trace import tracer
with tracer.trace("x"):
    pass
"""


def run(agent, program=ONE_SPAN, **variables):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DD_")}
    done = subprocess.run([LAUNCHER, "-c", program], capture_output=True, text=True, timeout=60,
                          env={**environment, "DD_TRACE_AGENT_URL": agent.url, **variables})
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def messages(agent):
    """(type, payload) of all, batches taken apart, in the order of their sequence."""
    bodies = sorted((r.json() for r in agent.by_path(PATH)), key=lambda body: body["seq_id"])
    for body in bodies:
        if body["request_type"] == "message-batch":
            yield from ((one["request_type"], one.get("payload")) for one in body["payload"])
        else:
            yield body["request_type"], body.get("payload")


def test_a_program_says_what_it_is_and_when_it_ends():
    with Agent() as agent:
        run(agent, DD_SERVICE="shop", DD_ENV="test", DD_VERSION="1")
        said = list(messages(agent))
        first = agent.by_path(PATH)[0]
    assert (said[0][0], said[-1][0]) == ("app-started", "app-closing")
    rows = [(row["name"], row["value"], row["origin"]) for row in said[0][1]["configuration"]]
    assert ("DD_SERVICE", None, "default") in rows and ("DD_SERVICE", "shop", "env_var") in rows
    assert [row["seq_id"] for row in said[0][1]["configuration"]] == list(range(1, len(rows) + 1))
    body = first.json()
    assert body["application"].items() >= {"service_name": "shop", "env": "test", "service_version": "1",
                                           "language_name": "python", "runtime_name": "CPython"}.items()
    assert first.headers["dd-session-id"] == body["runtime_id"]
    assert first.headers["dd-telemetry-request-type"] == "app-started"
    series = [one for kind, payload in said if kind == "generate-metrics" for one in payload["series"]]
    assert ("spans_created", 1.0) in [(one["metric"], one["points"][0][1]) for one in series]


def test_integrations_and_heartbeats_follow():
    with Agent() as agent:
        run(agent, ONE_SPAN + "import sqlite3, time; time.sleep(1.2)", DD_TELEMETRY_HEARTBEAT_INTERVAL="0.3")
        said = list(messages(agent))
    kinds = [kind for kind, _ in said]
    assert kinds.count("app-heartbeat") >= 2 and kinds.count("app-started") == 1
    changes = [one for kind, payload in said if kind == "app-integrations-change" for one in payload["integrations"]]
    assert [(one["name"], one["enabled"]) for one in changes if one["name"] == "sqlite3"] == [("sqlite3", True)]


def test_the_version_of_a_library_is_known(tmp_path):
    (tmp_path / "jinja2").mkdir()
    (tmp_path / "jinja2" / "__init__.py").write_text("")
    (tmp_path / "Jinja2-3.1.2.dist-info").mkdir()
    with Agent() as agent:
        run(agent, f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import jinja2" + ONE_SPAN)
        said = list(messages(agent))
    changes = [one for kind, payload in said if kind == "app-integrations-change" for one in payload["integrations"]]
    assert [one["version"] for one in changes if one["name"] == "jinja2"] == ["3.1.2"]


def test_a_forked_child_names_its_parent_and_neither_starts_nor_closes():
    program = ONE_SPAN + """
import os, time
from ddtrace.trace import tracer
tracer.flush()
if os.fork() == 0:
    with tracer.trace("child"):
        pass
    time.sleep(0.8)
else:
    os.wait()
"""
    with Agent() as agent:
        run(agent, program, DD_TELEMETRY_HEARTBEAT_INTERVAL="0.3")
        kinds = [kind for kind, _ in messages(agent)]
        sessions = {r.headers["dd-session-id"]: r.headers.get("dd-parent-session-id") for r in agent.by_path(PATH)}
    assert (kinds.count("app-started"), kinds.count("app-closing")) == (1, 1)
    assert len(sessions) == 2
    [parent] = [own for own, above in sessions.items() if above is None]
    assert set(sessions.values()) == {None, parent}


def test_off_is_silent():
    with Agent() as agent:
        run(agent, DD_INSTRUMENTATION_TELEMETRY_ENABLED="false")
        run(agent, DD_TRACE_ENABLED="false")
        assert agent.by_path(PATH) == []


def test_a_dead_place_for_telemetry_is_not_mentioned():
    def answer(request):
        return (500 if request.path == PATH else 200, {}, json.dumps({}).encode())

    with Agent() as agent:
        agent.answer = answer
        run(agent)
        assert len(agent.traces()) == 1


def test_distributions_that_were_imported_are_named_once(tmp_path):
    site = tmp_path / "site-packages"
    for name, version in (("used_thing", "1.2"), ("unused", "3")):
        (site / name).mkdir(parents=True)
        (site / name / "__init__.py").write_text("")
        (site / f"{name}-{version}.dist-info").mkdir()
        (site / f"{name}-{version}.dist-info" / "RECORD").write_text(f"{name}/__init__.py,,\n")
    program = f"import sys; sys.path.insert(0, {str(site)!r}); import used_thing\n{ONE_SPAN}\nsum(range(1000000))"
    with Agent() as agent:
        run(agent, program)
        said = list(messages(agent))
    named = [(one["name"], one["version"]) for kind, payload in said
             if kind == "app-dependencies-loaded" for one in payload["dependencies"]]
    assert named.count(("used-thing", "1.2")) == 1 and "unused" not in dict(named)


def test_errors_of_the_package_are_told_without_the_program_s_own():
    program = ONE_SPAN + """
import json, logging
log = logging.getLogger("ddtrace.x")
log.error("value %s", "secret"); log.error("value %s", "other"); log.warning("warned")
log.error("kept back", extra={"send_to_telemetry": False})
def secret_function(): json.loads("secret")
try: secret_function()
except ValueError: log.exception("failed")
"""
    with Agent() as agent:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("DD_")}
        subprocess.run([LAUNCHER, "-c", program], capture_output=True, timeout=60, check=True,
                       env={**environment, "DD_TRACE_AGENT_URL": agent.url})
        logs = [log for kind, payload in messages(agent) if kind == "logs" for log in payload["logs"]]
    assert sorted((log["message"], log["level"], log["count"], log["tags"]) for log in logs) == [
        ("failed", "ERROR", 1, "error_type:jsondecodeerror"), ("value %s", "ERROR", 2, "error_type:unknown")]
    [stack] = [log["stack_trace"] for log in logs if log["stack_trace"]]
    assert stack.endswith("json.decoder.JSONDecodeError: <REDACTED>") and 'File "json/decoder.py"' in stack
    assert "secret" not in stack


def test_late_imports_and_all_of_it_once_more():
    program = ONE_SPAN + "import time, pathlib; time.sleep(1.5)\n"
    with Agent() as agent:
        run(agent, program, DD_TELEMETRY_HEARTBEAT_INTERVAL="0.3", _DD_TELEMETRY_EXTENDED_HEARTBEAT_INTERVAL="0.6")
        said = list(messages(agent))
    extended = [payload for kind, payload in said if kind == "app-extended-heartbeat"]
    assert extended and extended[0]["products"]["tracer"]["enabled"]
    started = next(payload for kind, payload in said if kind == "app-started")
    assert extended[0]["configuration"][:200] == started["configuration"][:200]


@pytest.mark.parametrize("program", ["import time; time.sleep(0.8)", "import ddtrace",
                                     "from ddtrace.trace import tracer; tracer.trace('open')"])
def test_a_program_without_finished_spans_says_that_it_ran(program):
    with Agent() as agent:
        run(agent, program)
        agent.wait_for(until=lambda agent: "app-closing" in dict(messages(agent)))
        kinds = [kind for kind, _ in messages(agent)]
    assert (kinds[0], kinds[-1]) == ("app-started", "app-closing")


def test_what_runs_for_a_moment_is_silent():
    def silent():
        with Agent() as agent:
            run(agent, "pass")
            return agent.requests == []

    assert any(silent() for _ in range(5))  # a moment may last on a busy machine


def test_a_forked_child_without_spans_is_silent():
    with Agent() as agent:
        run(agent, "import os, time; time.sleep(0.3)\nif os.fork(): os.wait()\n")
        agent.wait_for(until=lambda agent: "app-closing" in dict(messages(agent)))
        assert len({request.headers["dd-session-id"] for request in agent.by_path(PATH)}) == 1


@pytest.mark.parametrize(("way", "told"), [("DD_SITE", True), ("DD_LLMOBS_AGENTLESS_ENABLED", False),
                                           ("DD_CIVISIBILITY_AGENTLESS_ENABLED", False)])
def test_a_key_alone_does_not_go_past_the_agent(way, told):
    with Agent() as agent:
        run(agent, "import ddtrace", **{"DD_API_KEY": "0" * 32, "DD_SITE": "localhost", way: "localhost" if told else "true"})
        if told:
            agent.wait_for(until=lambda agent: agent.by_path(PATH) != [])
        assert bool(agent.by_path(PATH)) == told


def test_spans_of_opentelemetry_are_counted_under_its_name():
    with Agent() as agent:
        run(agent, "from ddtrace.trace import tracer\n"
            "spans = [tracer.start_span('x', span_api=api) for api in ('otel', 'datadog', 'otel')]\n"
            "for span in spans[:2]: span.finish()\n")
        agent.wait_for(until=lambda agent: "app-closing" in dict(messages(agent)))
        counts = {(one["metric"], *one["tags"]): one["points"][0][1] for kind, payload in messages(agent)
                  if kind == "generate-metrics" for one in payload["series"]}
    assert {key: value for key, value in counts.items() if key[0].startswith("spans_")} == {
        ("spans_created", "integration_name:datadog"): 1, ("spans_created", "integration_name:otel"): 2,
        ("spans_finished", "integration_name:datadog"): 1, ("spans_finished", "integration_name:otel"): 1}


def test_executed_pythons_know_their_session():
    program = ONE_SPAN + """
import os, subprocess, sys
seen = subprocess.run([sys.executable, "-c", "import os; from ddtrace.trace import tracer; tracer.trace('y').finish();"
                       "print([k for k in os.environ if 'SESSION' in k])"], capture_output=True, text=True)
print(seen.stdout, end="")
"""
    with Agent() as agent:
        assert run(agent, program) == "[]\n"
        headers = [r.headers for r in agent.by_path(PATH)]
        kinds = [kind for kind, _ in messages(agent)]
    assert kinds.count("app-started") == 1 and "app-heartbeat" not in kinds
    [own] = {h["dd-session-id"] for h in headers if "dd-root-session-id" not in h}
    assert {(h["dd-root-session-id"], h["dd-parent-session-id"]) for h in headers if "dd-root-session-id" in h} == {
        (own, own)}


@pytest.mark.skipif(shutil.which("strace") is None, reason="no strace")
@pytest.mark.parametrize("on", [False, True], ids=["off", "on"])
def test_off_means_no_socket(on, tmp_path):
    with Agent() as agent:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("DD_")}
        variables = {} if on else {"DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false", "DD_REMOTE_CONFIGURATION_ENABLED": "false"}
        subprocess.run(["strace", "-f", "-qq", "-e", "trace=socket", "-o", tmp_path / "calls", LAUNCHER, "-c",
                        "import time; time.sleep(0.4)"],
                       timeout=60, check=True, env={**environment, "DD_TRACE_AGENT_URL": agent.url, **variables})
        assert ("socket(" in (tmp_path / "calls").read_text()) == on
        assert on or not agent.requests  # a slow one is not waited for at the end


# What a program adds by ddtrace.internal.telemetry.

TOLD = ONE_SPAN + """
from ddtrace.internal.telemetry import telemetry_writer as writer
from ddtrace.internal.telemetry.constants import *
TRACERS = TELEMETRY_NAMESPACE.TRACERS
writer.add_count_metric(TRACERS, "answers", 2, (("Kind", "A b"),))
writer.add_count_metric(TRACERS, "answers", 3, (("Kind", "A b"),))
writer.add_count_metric(TELEMETRY_NAMESPACE.IAST, "none", 0)
writer.add_gauge_metric(TRACERS, "level", 1)
writer.add_gauge_metric(TRACERS, "level", 2.5)
writer.add_rate_metric(TRACERS, "speed", 20)
writer.add_distribution_metric(TRACERS, "spread", 3)
writer.add_distribution_metric(TRACERS, "spread", -1)
writer.add_log(TELEMETRY_LOG_LEVEL.WARNING, "twice", tags={"K": "V"})
writer.add_log(TELEMETRY_LOG_LEVEL.WARNING, "twice", tags={"K": "V"})
try:
    raise KeyError("secret")
except KeyError as error:
    writer.add_error_log("it failed", error)
writer.add_configuration("a", True, "code", "id-1")
writer.add_configurations([("b", {"x": 1}, "nowhere"), ("c", None, "remote_config")])
writer.add_integration("good", True, True, "", "1")
writer.add_integration("bad", False, None, "broken")
writer.product_activated(TELEMETRY_APM_PRODUCT.LLMOBS, True)
"""


def told(said, kind, key):
    found = [one for name, payload in said if name == kind for one in payload[key]]
    assert found, f"no {kind} in {[name for name, _ in said]}"
    return found


def test_a_program_adds_to_what_is_said():
    with Agent() as agent:
        run(agent, TOLD)
        said = list(messages(agent))
    series = {one["metric"]: one for one in told(said, "generate-metrics", "series")}
    assert {name: (series[name]["type"], series[name]["points"][0][1], series[name]["namespace"], series[name]["tags"])
            for name in ("answers", "none", "level", "speed")} == {
        "answers": ("count", 5.0, "tracers", ["kind:a", "b"]), "none": ("count", 0.0, "iast", []),
        "level": ("gauge", 2.5, "tracers", []), "speed": ("rate", 20.0, "tracers", [])}
    assert "spread" in [one["metric"] for one in told(said, "sketches", "series")]
    logs = {one["message"]: one for one in told(said, "logs", "logs")}
    assert (logs["twice"]["count"], logs["twice"]["level"], logs["twice"]["tags"]) == (2, "WARN", "K:v")
    assert logs["it failed"]["tags"] == "error_type:keyerror"
    assert logs["it failed"]["stack_trace"].endswith("builtins.KeyError: <REDACTED>")
    rows = {row["name"]: (row["value"], row["origin"], row["config_id"])
            for row in told(said, "app-client-configuration-change", "configuration")}
    assert rows.items() >= {"a": ("true", "code", "id-1"), "b": ("x:1", "unknown", None),
                            "c": (None, "remote_config", None)}.items()
    changes = {one["name"]: (one["enabled"], one["compatible"], one["auto_enabled"], one["error"], one["version"])
               for one in told(said, "app-integrations-change", "integrations")}
    assert changes["good"] == (True, True, True, None, "1")
    assert changes["bad"] == (False, False, None, "broken", None)
    assert [payload["products"]["mlobs"]["enabled"] for kind, payload in said
            if kind in ("app-product-change", "app-started") and "mlobs" in payload["products"]] == [True]


def test_a_program_sends_what_is_waiting_and_says_the_last_word():
    program = ONE_SPAN + """
from ddtrace.internal.telemetry import telemetry_writer as writer
from ddtrace.internal.telemetry.constants import TELEMETRY_NAMESPACE
assert writer.enable()
writer.add_count_metric(TELEMETRY_NAMESPACE.TRACERS, "early")
writer.periodic(force_flush=True)
print(input())
writer.add_count_metric(TELEMETRY_NAMESPACE.TRACERS, "late")
writer.disable()
assert not writer.enable()
writer.add_count_metric(TELEMETRY_NAMESPACE.TRACERS, "never")
print(input())
"""
    def names(agent):
        return [one["metric"] for kind, payload in messages(agent) if kind == "generate-metrics" for one in payload["series"]]

    with Agent() as agent:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("DD_")} | {"DD_TRACE_AGENT_URL": agent.url}
        with subprocess.Popen([LAUNCHER, "-uc", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                              env=environment) as process:
            agent.wait_for(until=lambda _: "early" in names(agent))
            assert "app-closing" not in [kind for kind, _ in messages(agent)]
            process.stdin.write("on\n")
            process.stdin.flush()
            agent.wait_for(until=lambda _: "app-closing" in [kind for kind, _ in messages(agent)])
            assert "late" in names(agent)
            process.communicate("off\n", timeout=60)
        assert process.returncode == 0
        assert "never" not in names(agent)
        assert [kind for kind, _ in messages(agent)].count("app-closing") == 1


def test_a_writer_that_is_off_takes_everything():
    with Agent() as agent:
        out = run(agent, TOLD + "print(type(writer).__name__, writer.enable(), writer.periodic(force_flush=True))\n",
                  DD_INSTRUMENTATION_TELEMETRY_ENABLED="false")
        assert out == "NoOpTelemetryWriter False None\n"
        assert agent.by_path(PATH) == []


def test_the_given_host_name_is_told_and_no_password_of_the_repository():
    program = ONE_SPAN + "import time; time.sleep(0.3)"
    with Agent() as agent:
        run(agent, program, DD_HOSTNAME="box", DD_TRACE_REPORT_HOSTNAME="true",
            DD_TAGS="team:x,git.commit.sha:abc,git.repository_url:https://me:hunter2@example.com/a")
        host = agent.by_path(PATH)[0].json()["host"]["hostname"]
        asked = agent.by_path("/v0.7/config")[0].json()["client"]["client_tracer"]["tags"]
        bodies = b"".join(request.body for request in agent.requests)
    assert host == "box"
    assert asked == ["team:x", "git.repository_url:https://example.com/a", "git.commit.sha:abc",
                     "tracer_version:" + asked[-2].partition(":")[2], "host_name:box"]
    assert b"hunter2" not in bodies


def test_metrics_of_the_interpreter_that_a_program_turns_on_are_told():
    with Agent() as agent:
        run(agent, "from ddtrace.runtime import RuntimeMetrics as R; R.enable(); R.disable()\n" + ONE_SPAN,
            DD_DOGSTATSD_URL="udp://127.0.0.1:9")
        agent.wait_for(until=lambda agent: "app-closing" in dict(messages(agent)))
        rows = [row for _, payload in messages(agent) for row in (payload or {}).get("configuration", [])]
    assert [(row["value"], row["origin"]) for row in sorted(rows, key=lambda row: row["seq_id"])
            if row["name"] == "DD_RUNTIME_METRICS_ENABLED"] == [("false", "default"), ("true", "code"), ("false", "code")]


def test_headers_of_traces_are_counted():
    program = """
from ddtrace.propagation.http import HTTPPropagator
HTTPPropagator.extract({"x-datadog-trace-id": "5", "x-datadog-parent-id": "6"})
from ddtrace.trace import tracer
with tracer.trace("x") as span:
    HTTPPropagator.inject(span.context, {})
"""
    with Agent() as agent:
        run(agent, program)
        series = [one for kind, payload in messages(agent) if kind == "generate-metrics" for one in payload["series"]]
    counts = {(one["metric"], *one["tags"]): one["points"][0][1] for one in series}
    assert counts["context_header_style.extracted", "header_style:datadog"] == 1
    assert counts["context_header_style.injected", "header_style:datadog"] == 1
    assert counts["context_header_style.injected", "header_style:tracecontext"] == 1


@pytest.mark.parametrize("status", [500, 404])
def test_a_payload_that_nobody_took_is_counted_with_why(status):
    def answer(request):
        return (status if "traces" in request.path else 200), {}, b"{}"

    with Agent() as agent:
        agent.answer = answer
        environment = {"PATH": os.environ["PATH"], "DD_TRACE_AGENT_URL": agent.url, "DD_TRACE_API_VERSION": "v0.4"}
        subprocess.run([LAUNCHER, "-c", ONE_SPAN], env=environment, stderr=subprocess.DEVNULL, check=True, timeout=60)
        series = [one for kind, payload in messages(agent) if kind == "generate-metrics" for one in payload["series"]]
    counts = {(one["metric"], *one["tags"]): one["points"][0][1] for one in series}
    ours = "src_library:libdatadog"
    assert counts["trace_api.errors", ours, "type:status_code"] == 1
    assert counts["trace_api.responses", f"status_code:{status}", ours] == 1
    assert counts["trace_chunks_dropped", ours, "reason:send_failure"] == 1
