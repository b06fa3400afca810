"""Every setting that the reference reports, in made-up environments: the same report from both.

    configuration.py DDPYTHON [--reference PYTHON] [--only TEXT] [--count N] [--seed N]

Values are made from the type of each setting (core/telemetry/reported.tsv): one that is valid, spellings of it,
values of aliases, empty texts, both files with and without the environment; and --count environments of odd values made
at random. Compared are the rows of
app-started: name, value, origin, config_id, and their order for each name. SPECIAL: settings whose value
must keep the program alive and sending. KNOWN: rows that differ as intended.
"""

from __future__ import annotations

import collections
import pathlib
import random
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))
import sides  # noqa: E402
import telemetry  # noqa: E402

SPECIAL = {  # name: value of the environments that set everything; None: left alone
    "DD_TRACE_AGENT_URL": None, "DD_TRACE_AGENT_HOSTNAME": None, "DD_TRACE_AGENT_PORT": None, "DD_AGENT_HOST": None,
    "DD_AGENT_PORT": None, "DD_INSTRUMENTATION_TELEMETRY_ENABLED": None, "DD_AGENTLESS_ENABLED": None,
    "DD_CIVISIBILITY_AGENTLESS_ENABLED": None, "_DD_APM_TRACING_AGENTLESS_ENABLED": None, "DD_TESTING_RAISE": None,
    "DD_TELEMETRY_HEARTBEAT_INTERVAL": "30", "DD_LLMOBS_ENABLED": "false", "DD_PROFILING_ENABLED": "false",
    "DD_TRACE_API_VERSION": "v0.4", "DD_TRACE_DEBUG": "false", "DD_TRACE_LOG_LEVEL": "ERROR", "DD_TRACE_LOG_FILE": None,
    "DD_TRACE_SAMPLING_RULES": '[{"sample_rate": 0.5, "service": "a*"}]', "DD_TRACE_ENABLED": "true",
    "DD_SPAN_SAMPLING_RULES": '[{"service": "a"}]', "DD_SPAN_SAMPLING_RULES_FILE": None,
    "DD_TRACE_HTTP_SERVER_ERROR_STATUSES": "404,410-412", "DD_TRACE_PROPAGATION_BEHAVIOR_EXTRACT": "restart",
    "DD_TRACE_PROPAGATION_STYLE_EXTRACT": "b3,Datadog", "DD_TRACE_PROPAGATION_STYLE_INJECT": " tracecontext",
    "DD_APPSEC_ENABLED": "false", "DD_IAST_ENABLED": "false", "DD_APPSEC_RULES": None, "DD_API_KEY": None,
    "DD_DYNAMIC_INSTRUMENTATION_ENABLED": "false", "DD_EXCEPTION_REPLAY_ENABLED": "false",
    "DD_CODE_ORIGIN_FOR_SPANS_ENABLED": "false", "DD_SYMBOL_DATABASE_UPLOAD_ENABLED": "false",
    "DD_DOGSTATSD_URL": None, "DD_DOGSTATSD_HOST": "localhost", "DD_TRACE_OTEL_ENABLED": "false",
    "DD_METRICS_OTEL_ENABLED": "false", "DD_LOGS_OTEL_ENABLED": "false", "DD_DATA_STREAMS_ENABLED": "false",
    "DD_INJECTION_ENABLED": None, "DD_TRACE_METHODS": "json:loads", "DD_CRASHTRACKING_STACKTRACE_RESOLVER": "fast",
    "DD_CRASHTRACKING_ENABLED": "false", "DD_ERROR_TRACKING_HANDLED_ERRORS": None, "DD_SYMBOL_DATABASE_FORCE_UPLOAD": None,
    "DD_PROFILING_OUTPUT_PPROF": None, "DD_LLMOBS_SAMPLE_RATE": "0.25", "DD_LIVE_DEBUGGING_ENABLED": "false",
    "DD_TRACE_SPAN_ATTRIBUTE_SCHEMA": "v1", "DD_REMOTE_CONFIGURATION_ENABLED": "false",
    "DD_TRACE_OBFUSCATION_QUERY_STRING_REGEXP": "a+", "DD_AI_GUARD_ENABLED": "false",
    "DD_EXPERIMENTAL_FLAGGING_PROVIDER_ENABLED": "false", "DD_MODEL_LAB_ENABLED": "false",
    "DD_CIVISIBILITY_LOG_LEVEL": "debug", "DD_TRACE_EXPERIMENTAL_FEATURES_ENABLED": "x",
    "DD_APPSEC_AUTO_USER_INSTRUMENTATION_MODE": "identification",
    "DD_LLMOBS_INSTRUMENTED_PROXY_URLS": "b,a", "DD_DYNAMIC_INSTRUMENTATION_PROBE_FILE": "probes.json",
    "DD_PROFILING_EXCEPTION_ENABLED": None, "DD_TRACE_LOG_FILE_LEVEL": "warning",
    "DD_TRACE_WRITER_BUFFER_SIZE_BYTES": "1000000", "DD_TRACE_WRITER_MAX_PAYLOAD_SIZE_BYTES": "1000000",
    "DD_LLMOBS_AGENTLESS_ENABLED": "false", "DD_SITE": "datadoghq.eu", "DD_DYNAMIC_INSTRUMENTATION_REDACTED_TYPES": "b,a.c",
}
# Whether it can be had is decided by the reference's native part; a value that is none; where its native part logs.
KNOWN = {"DD_PROFILING_NATIVE_HEAP_ENABLED", "DD_LLMOBS_EVALUATOR_SAMPLING_RULES", "_DD_NATIVE_LOGGING_LOG_LEVEL",
         ("OpenTelemetry", "_DD_NATIVE_LOGGING_BACKEND")}


def table(path: str) -> list[list[str]]:
    lines = (ROOT / path).read_text().splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


REPORTED = {name: (kind, fallback) for name, _, kind, fallback in table("core/telemetry/reported.tsv")}
ALIASES = {name: aliases.split(",") for name, aliases, *_ in table("core/config/registry.tsv") if aliases}
TYPES = {row[0]: row[2] for row in table("core/config/registry.tsv")}
SECRET = {row[0] for row in table("core/config/registry.tsv") if "sensitive" in row[-1]}


def value(name: str, style: int) -> str | None:
    """A value of the right type that is not the default, in one of several spellings; None: not set."""
    if name in SPECIAL:
        return SPECIAL[name]
    kind, fallback = REPORTED[name]
    if kind in ("flag", "injection"):
        return [("true", "false"), ("True", "False"), ("1", "0"), ("yes", "no")][style % 4][fallback == "true"]
    if kind == "whole":
        return ["37", " 37 ", "12", "+5"][style % 4]
    if kind in ("real", "seconds"):
        return ["0.5", "1", " .25", "1e-1"][style % 4]
    if kind == "map":
        return ["b:2,a:1", "b:2 a:1", "b:, :x,a", "a"][style % 4]
    if kind == "set":
        return ["b,a,b", " b , a", "a", ","][style % 4]
    return ["text", " padded ", "", "Upper,lower"][style % 4]


def everything(style: int, names: list[str] | None = None) -> dict[str, str]:
    values = {name: value(name, style) for name in names or REPORTED}
    return {name: text for name, text in values.items() if text is not None}


def environments() -> dict[str, tuple[dict[str, str], dict[str, str], dict[str, str]]]:
    """A title: the environment, the local file, the fleet's file."""
    out = {f"every setting, spelling {style + 1}": (everything(style), {}, {}) for style in range(4)}
    older: dict[str, str] = {}
    for name in REPORTED:
        text = value(name, 0)
        if text is not None:
            older |= {alias: text for alias in ALIASES.get(name, [])[:1]}
    older = {name: text for name, text in older.items() if name not in SPECIAL or SPECIAL[name]}
    out["older names"] = (older, {}, {})
    out["the local file"] = ({}, everything(0), {})
    out["the fleet's file"] = ({}, {}, everything(1))
    out["both files and the environment"] = (everything(0), everything(1), everything(2))
    names = list(REPORTED)
    thirds = [everything(0, names[part::3]) for part in range(3)]
    out["a third each"] = (thirds[0], thirds[1], thirds[2])
    otel = {"OTEL_SERVICE_NAME": "Shop", "OTEL_LOG_LEVEL": "debug", "OTEL_PROPAGATORS": "b3, TraceContext,b3",
            "OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.25",
            "OTEL_METRICS_EXPORTER": "none", "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=e,service.name=s,a=b"}
    out["OpenTelemetry"] = (otel, {}, {})
    odd = {"OTEL_LOG_LEVEL": "warn", "OTEL_PROPAGATORS": "foo", "OTEL_TRACES_SAMPLER": "jaeger_remote",
           "OTEL_METRICS_EXPORTER": "prometheus", "OTEL_RESOURCE_ATTRIBUTES": "a=b,c", "OTEL_LOGS_EXPORTER": "otlp",
           "OTEL_SDK_DISABLED": "maybe", "OTEL_TRACES_EXPORTER": "zipkin"}
    out["OpenTelemetry's that are not understood"] = (odd, {}, {})
    many = {"OTEL_RESOURCE_ATTRIBUTES": ",".join(f"k{n}=v{n}" for n in range(14)), "OTEL_TRACES_SAMPLER": "always_off",
            "OTEL_SDK_DISABLED": "true", "OTEL_PROPAGATORS": "none"}
    out["OpenTelemetry, many"] = (many, {}, {})
    out["OpenTelemetry below everything else"] = (everything(0) | otel, everything(1), {})
    return out


FLAGS = ["TRUE", "True", " true", "yes", "on", "ON", "0", "", "nope", "1", " 1"]
TEXTS = [" a ", "A,b", "", "ü", "a b:c", "x,"]
LISTS = ["a:b,c:d", " a : b , c:d", "a", "", "a,,b", "b,a,b", "a:b:c d:e"]


def odd_values(dice: random.Random) -> dict[str, str]:
    """Forty settings with values of their type, of others, and of none."""
    out = {}
    for name in dice.sample(list(REPORTED), 40):
        text = value(name, dice.randrange(4))
        if text is None:
            continue
        choices = {"boolean": FLAGS, "string": [text, text, *TEXTS], "array": [text, *LISTS], "map": [text, *LISTS]}
        out[name] = text if name in SPECIAL else dice.choice(choices.get(TYPES.get(name, ""), [text]))
    return out


def rows(python: list[str], case: tuple[dict[str, str], dict[str, str], dict[str, str]]) -> dict[str, list[object]]:
    variables, local, fleet = case
    with tempfile.TemporaryDirectory() as folder:
        more = dict(variables)
        for kind, config_id, values in (("LOCAL", "l1", local), ("MANAGED", "f1", fleet)):
            path = pathlib.Path(folder, kind)
            lines = [f"  {name}: '{text}'".replace("\t", " ") for name, text in values.items()]
            path.write_text("\n".join([f"config_id: {config_id}", "apm_configuration_default:", *lines]) + "\n"
                            if values else "")
            more[f"_DD_SC_{kind}_FILE_OVERRIDE"] = str(path)
        found: dict[str, list[object]] = collections.defaultdict(list)
        for request in telemetry.messages(python, telemetry.ONE_SPAN, more):
            body = request.json()
            for part in body["payload"] if body["request_type"] == "message-batch" else [body]:
                if part["request_type"] != "app-started":
                    continue
                for row in part["payload"]["configuration"]:
                    text = row["value"]
                    if row["name"] == "DD_TRACE_AGENT_URL" and text:
                        text = "AGENT"
                    found[row["name"]].append((text, row["origin"], row["config_id"]))
        return found


def main() -> int:
    both, arguments = sides.parse(__doc__, count=0, seed=1)
    failed = 0
    cases = environments()
    for number in range(arguments.count):
        dice = random.Random(f"{arguments.seed} {number}")
        files = [odd_values(dice) if dice.random() < 0.5 else {} for _ in range(2)]
        cases[f"at random, {arguments.seed} {number}"] = (odd_values(dice), files[0], files[1])
    for title, case in cases.items():
        if arguments.only not in title:
            continue
        expected = rows(both.reference, case)
        seen = rows(both.ours, case)
        different = [name for name in sorted(expected.keys() | seen.keys())
                     if expected.get(name) != seen.get(name) and not KNOWN & {name, (title, name)}]
        print(f"{title}: {sum(map(len, expected.values()))} rows of {len(expected)} settings, {len(different)} different")
        for name in different:
            print(f"  {name}\n    reference {expected.get(name)}\n    ddpython  {seen.get(name)}")
        failed += len(different)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
