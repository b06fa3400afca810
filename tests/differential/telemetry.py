"""Instrumentation telemetry of the same program under the reference and under ddpython.

    telemetry.py DDPYTHON [--reference PYTHON]

For each environment: the configuration (name, value, origin, config_id, consecutive seq_ids), the kinds of messages, the
envelope, the headers, dependencies, integrations, and the names and tags of metrics. What only one side can have (ours: its
own products; the reference's: libraries it imports itself) is left out (THEIR_...). KNOWN: headings that
differ as intended. Exits with 1 on any other difference.
"""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "fakes"))
import agent  # noqa: E402
import sides  # noqa: E402

PATH = "/telemetry/proxy/api/v2/apmtelemetry"
ONE_SPAN = "from ddtrace.trace import tracer\nwith tracer.trace('x'): pass\n"
FAST = {"DD_TELEMETRY_HEARTBEAT_INTERVAL": "1"}
LOCAL = """
config_id: local-1
apm_configuration_default:
  DD_SERVICE: from-local
  DD_TRACE_RATE_LIMIT: 7
  DD_ENV: from-local
  DD_PROFILING_MAX_FRAMES: 9
"""
FLEET = """
config_id: fleet-1
apm_configuration_default:
  DD_SERVICE: from-fleet
  DD_PROFILING_MAX_FRAMES: 8
"""
MANY = {
    "DD_SERVICE": "S", "DD_ENV": "E x", "DD_VERSION": "1", "DD_TAGS": "b:2 a:1", "DD_SERVICE_MAPPING": "x:y,b:c",
    "DD_TRACE_HEADER_TAGS": "User-Agent:ua,Host", "DD_TRACE_SAMPLING_RULES": '[{"sample_rate":0.5}]',
    "DD_TRACE_HTTP_SERVER_ERROR_STATUSES": "400-404,500", "DD_TRACE_PROPAGATION_STYLE": "b3", "DD_TRACE_RATE_LIMIT": " 5 ",
    "DD_TRACE_CLIENT_IP_ENABLED": "yes", "DD_LOGS_INJECTION": "structured", "DD_TRACE_COMPUTE_STATS": "1",
    "DD_REMOTECONFIG_POLL_SECONDS": "3", "DD_PROFILING_LOCK_EXCLUDE_MODULES": "b,a", "DD_CRASHTRACKING_TAGS": "z:1,a:2",
    "DD_API_SECURITY_SAMPLE_DELAY": "7", "DD_TRACE_HTTP_CLIENT_TAG_QUERY_STRING": "0", "DD_API_KEY2": "x", "DD_INJECT_FORCE": "1",
    "DD_DOGSTATSD_PORT": "8127", "DD_RUNTIME_METRICS_RUNTIME_ID_ENABLED": "1", "DD_APM_TRACING_ENABLED": "1",
    "DD_TRACE_PARTIAL_FLUSH_MIN_SPANS": "7", "DD_TRACE_BAGGAGE_TAG_KEYS": "z,a", "DD_SYMBOL_DATABASE_INCLUDES": "b,a",
}
OTEL = {
    "OTEL_SERVICE_NAME": "osn", "OTEL_TRACES_SAMPLER": "always_on", "OTEL_PROPAGATORS": "b3,foo", "OTEL_LOG_LEVEL": "info",
    "OTEL_RESOURCE_ATTRIBUTES": "a=b", "DD_TRACE_ENABLED": "true", "OTEL_TRACES_EXPORTER": "none", "OTEL_FOO": "x",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x:1", "OTEL_METRICS_EXPORTER": "none",
}
FORKS = ONE_SPAN + """
import os, time
tracer.flush()
time.sleep(1.2)
if os.fork() == 0:
    with tracer.trace('child'): pass
    time.sleep(1.3)
    os._exit(0)
os.wait()
"""
EXECUTES = ONE_SPAN + """
import subprocess, sys
subprocess.run([sys.executable, '-c', "from ddtrace.trace import tracer; tracer.trace('y').finish()"], check=True)
"""
ERRORS = ONE_SPAN + """
import json, logging
log = logging.getLogger('ddtrace.x')
log.error('value %s', 1); log.critical('critical'); log.warning('warned')
try: json.loads('{')
except ValueError: log.exception('failed')
"""
TOLD = ONE_SPAN + """
import time
from ddtrace.internal.telemetry import telemetry_writer as w
from ddtrace.internal.telemetry.constants import TELEMETRY_LOG_LEVEL as L, TELEMETRY_NAMESPACE as N
time.sleep(0.5)
w.add_count_metric(N.TRACERS, 'c', 2, (('A', 'B'), ('c', 'D e')))
w.add_count_metric(N.APPSEC, 'zero', 0)
w.add_gauge_metric(N.TRACERS, 'g', 1.5, (('a', 1),))
w.add_rate_metric(N.IAST, 'r', 20)
w.add_distribution_metric(N.TRACERS, 'd', 3)
w.add_log(L.WARNING, 'w'); w.add_log(L.WARNING, 'w')
w.add_log(L.DEBUG, 'tags', 'a stack', {'K': 'V w', 'x': 1})
try: {}['mine']
except KeyError as e: w.add_error_log('failed', e)
w.add_error_log('no error', None)
for value, origin in ((True, 'code'), (None, 'code'), ([1, 'b'], 'remote_config'), ({'z': 1}, 'env_var'), (1.0, 'default'), ({'b', 'a'}, 'bogus')):
    w.add_configuration(f'conf.{origin}.{value}' if not isinstance(value, set) else 'conf.set', value, origin)
w.add_configurations([('multi', False, 'unknown')])
w.add_integration('one', True); w.add_integration('two', False, False, 'broken', '1'); w.add_integration('three', True, True, '', '4')
w.product_activated('mlobs', True); w.product_activated('profiler', False)
w.periodic(force_flush=True)
"""
ROUTES = ONE_SPAN + """
import flask
app = flask.Flask('x')
app.add_url_rule('/a/<b>', view_func=lambda b: b, endpoint='a', methods=['GET', 'POST'])
app.add_url_rule('/plain', view_func=lambda: '', endpoint='p', provide_automatic_options=False)
app.test_client().get('/a/1')
"""
SETTINGS: list[tuple[str, str, dict[str, str]]] = [
    ("nothing set", ONE_SPAN, {}),
    ("many settings", ONE_SPAN, MANY),
    ("files", ONE_SPAN, {"DD_TRACE_RATE_LIMIT": "9", "files": "1"}),
    ("OpenTelemetry", ONE_SPAN, OTEL),
    ("installed", ONE_SPAN, {"DD_INSTRUMENTATION_INSTALL_ID": "i", "DD_INSTRUMENTATION_INSTALL_TYPE": "k8s_single_step",
                             "DD_INSTRUMENTATION_INSTALL_TIME": "1703188212"}),
    ("late imports", "import time, sqlite3, jinja2\n" + ONE_SPAN + "time.sleep(2.2)\nimport requests\ntime.sleep(1.5)\n", FAST),
    ("extended heartbeat", ONE_SPAN + "import time; time.sleep(2.5)\n", FAST | {"_DD_TELEMETRY_EXTENDED_HEARTBEAT_INTERVAL": "1"}),
    ("a fork", FORKS, FAST),
    ("another python", EXECUTES, {}),
    ("errors of the package", ERRORS, {}),
    ("routes", ROUTES, {}),
    ("told by the program", TOLD, {}),
    ("no spans", "import time; time.sleep(1)", {}),
    ("an integration that is off", "import jinja2\n" + ONE_SPAN, {"DD_TRACE_JINJA2_ENABLED": "false"}),
]
# Modules of the reference itself; products that ddpython does not have; calls to its own agent.
THEIR_LIBRARIES = {"bytecode", "envier", "wrapt", "setuptools"}
THEIR_INTEGRATIONS = {"asyncio", "logging", "subprocess"}  # imported by the reference; ours: when the program does
THEIR_PRODUCTS = {"appsec", "symbol_database", "openfeature", "code_origin_for_spans"}
# OTEL_SERVICE_NAME is the service of ours in telemetry too; a forked process' products are said once.
KNOWN = [("OpenTelemetry", "application"), ("extended heartbeat", "kinds"), ("late imports", "integrations"),
         ("another python", "kinds")]
THEIR_ROWS = {"DD_LLMOBS_EVALUATOR_SAMPLING_RULES"}


def messages(python: list[str], program: str, settings: dict[str, str]) -> list[agent.Request]:
    env = sides.clean({})
    with agent.Agent() as fake, tempfile.TemporaryDirectory() as folder:
        if settings.get("files"):
            for name, text in (("LOCAL", LOCAL), ("MANAGED", FLEET)):
                path = pathlib.Path(folder, name)
                path.write_text(text)
                env[f"_DD_SC_{name}_FILE_OVERRIDE"] = str(path)
        env |= {"DD_TRACE_AGENT_URL": fake.url} | {k: v for k, v in settings.items() if k != "files"}
        subprocess.run([*python, "-c", program], env=env, check=True, capture_output=True)
        return fake.by_path(PATH)


def normal(value: object, urls: str) -> object:
    return value if not isinstance(value, str) else value.replace(urls, "AGENT")


def facts(requests: list[agent.Request]) -> dict[str, set[str]]:
    """What is compared, as sets of texts under a heading."""
    out: dict[str, set[str]] = {}

    def say(heading: str, *what: object) -> None:
        out.setdefault(heading, set()).add(json.dumps(what))

    bodies = [request.json() for request in requests]
    roots = [body["runtime_id"] for body in bodies if body["request_type"] == "app-started"]
    names = {runtime: ("root" if runtime in roots else "child") for runtime in (b["runtime_id"] for b in bodies)}
    for request, body in zip(requests, bodies):
        who = names[body["runtime_id"]]
        for header, text in request.headers.items():
            if header.startswith("dd-") and header != "dd-telemetry-request-type":
                say("headers", who, header, names.get(text, text))
        say("envelope", *sorted(body.keys() - {"payload"}))
        for part in ("application", "host"):
            say(part, *sorted((k, v) for k, v in body[part].items() if k != "process_tags"))
        parts = body["payload"] if body["request_type"] == "message-batch" else [body]
        for one in parts:
            kind, payload = one["request_type"], one.get("payload") or {}
            theirs = {"app-integrations-change": ("integrations", THEIR_INTEGRATIONS),
                      "app-dependencies-loaded": ("dependencies", THEIR_LIBRARIES)}.get(kind)
            if not theirs or any(one["name"] not in theirs[1] for one in payload[theirs[0]]):
                say("kinds", who, kind)
            url = next((row["value"] for row in payload.get("configuration", []) if row["name"] == "DD_TRACE_AGENT_URL"
                        and row["value"]), "?")
            for row in payload.get("configuration", []):
                if row["name"] not in THEIR_ROWS:
                    say("configuration", row["name"], normal(row["value"], url), row["origin"], row["config_id"])
            for dependency in payload.get("dependencies", []):
                if dependency["name"] not in THEIR_LIBRARIES:
                    say("dependencies", dependency["name"], dependency["version"], *sorted(dependency))
            for integration in payload.get("integrations", []):
                if integration["name"] not in THEIR_INTEGRATIONS:
                    say("integrations", *sorted(integration.items()))
            for name, product in payload.get("products", {}).items():
                if name not in THEIR_PRODUCTS:
                    say("products", name, *sorted(product.items()))
            for log in payload.get("logs", []):
                say("logs", *sorted(log.items()))
            for endpoint in payload.get("endpoints", []):
                say("endpoints", *sorted(endpoint.items()))
            for series in payload.get("series", []):
                say("metrics", *sorted((k, v) for k, v in series.items() if k not in ("points", "sketch_b64")))
            if "install_signature" in payload:
                say("install_signature", *sorted(payload["install_signature"].items()))
    for runtime in names:
        numbers = [body["seq_id"] for body in bodies if body["runtime_id"] == runtime]
        say("sequence", sorted(numbers) == list(range(1, len(numbers) + 1)))
    return out


def main() -> int:
    both, arguments = sides.parse(__doc__)
    failed = 0
    for name, program, settings in SETTINGS:
        if arguments.only not in name:
            continue
        expected = facts(messages(both.reference, program, settings))
        seen = facts(messages(both.ours, program, settings))
        lines = []
        for heading in sorted(expected.keys() | seen.keys()):
            if (name, heading) in KNOWN:
                continue
            left, right = expected.get(heading, set()), seen.get(heading, set())
            lines += [f"  {heading}: only the reference: {text}" for text in sorted(left - right)]
            lines += [f"  {heading}: only ddpython: {text}" for text in sorted(right - left)]
        print(f"{name}: {sum(map(len, expected.values()))} facts, {len(lines)} different")
        print("\n".join(lines), end="\n" if lines else "")
        failed += len(lines)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
