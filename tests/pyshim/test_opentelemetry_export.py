"""Metrics and logs of OpenTelemetry, exported by the SDK of the user's environment.

What needs the SDK is tested with one that behaves as far as it is asked: the environment `otel` has
the API only.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HOME = pathlib.Path(os.environ.get("DD_TEST_HOME", pathlib.Path.home() / ".cache/ddpython"))
SITE = next(HOME.glob("otel-%d.%d/lib/python*/site-packages" % sys.version_info[:2]), None)
if SITE is None:
    print("no environment otel: tests/env/setup makes it")
    sys.exit(77)

EXPORTER = """
class {name}:
    def __init__(self, **options):
        self.options = options
"""
FILES = {
    "resources.py": """
class Resource(dict):
    @classmethod
    def create(cls, attributes):
        return cls(attributes)
""",
    "metrics/__init__.py": """
class MeterProvider:
    def __init__(self, metric_readers, resource):
        self.readers, self.resource = metric_readers, resource
for name in ("Counter", "Histogram", "ObservableCounter", "UpDownCounter", "ObservableUpDownCounter",
             "ObservableGauge"):
    globals()[name] = type(name, (), {})
""",
    "metrics/export.py": """
class AggregationTemporality:
    DELTA, CUMULATIVE = "delta", "cumulative"
class PeriodicExportingMetricReader:
    def __init__(self, exporter, **times):
        self.exporter, self.times = exporter, times
""",
    "_logs/__init__.py": """
import logging
class LoggerProvider:
    def __init__(self, resource):
        self.resource, self.processors = resource, []
    def add_log_record_processor(self, processor):
        self.processors.append(processor)
class LoggingHandler(logging.Handler):
    def __init__(self, level, provider):
        super().__init__(level)
        self.provider = provider
    def emit(self, record):
        print("exported", record.getMessage())
""",
    "_logs/export.py": """
class BatchLogRecordProcessor:
    def __init__(self, exporter):
        self.exporter = exporter
""",
}
METRICS = """
from opentelemetry import metrics
provider = metrics.get_meter_provider()
reader = provider.readers[0]
options = reader.exporter.options
print(type(reader.exporter).__module__.split(".")[-2], options.get("endpoint"), options.get("insecure"))
print({k.__name__: v for k, v in options.get("preferred_temporality", {}).items()})
print(reader.times, dict(provider.resource))
"""
LOGS = """
import logging
from opentelemetry._logs import get_logger_provider
provider = get_logger_provider()
print(provider.processors[0].exporter.options, dict(provider.resource))
logging.getLogger("any").warning("a record")
"""


def make_sdk(folder):
    files = {f"sdk/{name}": text for name, text in FILES.items()}
    for kind in ("grpc", "http"):
        base = f"exporter/otlp/proto/{kind}"
        files[f"{base}/metric_exporter.py"] = EXPORTER.format(name="OTLPMetricExporter")
        files[f"{base}/_log_exporter.py"] = EXPORTER.format(name="OTLPLogExporter")
    for name, text in files.items():
        path = pathlib.Path(folder, "opentelemetry", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for path in list(pathlib.Path(folder).rglob("*")):
        if path.is_dir() and path.name != "opentelemetry":
            (path / "__init__.py").touch()


def run(program, sdk=True, **variables):
    with tempfile.TemporaryDirectory() as folder:
        if sdk:
            make_sdk(folder)
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("DD_", "OTEL_"))}
        environment |= {"PYTHONPATH": f"{folder}:{SITE}", "DD_SERVICE": "s", "DD_ENV": "e",
                        "DD_VERSION": "1", "DD_TAGS": "a:b",
                        "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "0"}
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                              env=environment | variables)
    return done.stdout.splitlines(), done.stderr


RESOURCE = {"a": "b", "service.name": "s", "service.version": "1", "deployment.environment": "e"}


class Metrics(unittest.TestCase):
    def test_they_go_to_the_agent_as_deltas_every_ten_seconds(self):
        said, errors = run(METRICS, DD_METRICS_OTEL_ENABLED="true", DD_AGENT_HOST="agent")
        self.assertEqual(len(said), 3, errors)
        self.assertEqual(said[0], "grpc http://agent:4317 True")
        self.assertEqual(eval(said[1]), {
            "Counter": "delta", "Histogram": "delta", "ObservableCounter": "delta",
            "UpDownCounter": "cumulative", "ObservableUpDownCounter": "cumulative",
            "ObservableGauge": "cumulative"})
        self.assertEqual(said[2], str({"export_interval_millis": 10000.0,
                                       "export_timeout_millis": 7500.0}) + f" {RESOURCE}")

    def test_variables_of_opentelemetry_decide(self):
        said, errors = run(METRICS, DD_METRICS_OTEL_ENABLED="true",
                           OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
                           OTEL_METRIC_EXPORT_INTERVAL="123", OTEL_METRIC_EXPORT_TIMEOUT="45",
                           OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE="cumulative")
        self.assertEqual(said[:2], ["http http://localhost:4318/v1/metrics None", "{}"], errors)
        self.assertIn("123.0", said[2])
        said, errors = run(METRICS, DD_METRICS_OTEL_ENABLED="true",
                           OTEL_EXPORTER_OTLP_ENDPOINT="http://h:1")
        self.assertEqual(said[0], "grpc None None", errors)

    def test_what_cannot_be_is_told_and_the_program_runs(self):
        program = "from opentelemetry import metrics\nprint(type(metrics.get_meter_provider()).__name__)"
        for variables, words in (({"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, "http/json"),
                                 ({"sdk": False}, "not installed")):
            said, errors = run(program, DD_METRICS_OTEL_ENABLED="true", **variables)
            self.assertEqual(said, ["_ProxyMeterProvider"])
            self.assertIn(words, errors)
        said, errors = run(program, DD_METRICS_OTEL_ENABLED="true", OTEL_METRICS_EXPORTER="none")
        self.assertEqual((said, errors), (["_ProxyMeterProvider"], ""))


class Logs(unittest.TestCase):
    def test_records_of_logging_are_exported(self):
        said, errors = run(LOGS, DD_LOGS_OTEL_ENABLED="true")
        options = {"endpoint": "http://localhost:4317", "insecure": True}
        self.assertEqual(said, [f"{options} {RESOURCE}", "exported a record"], errors)

    def test_nothing_is_imported_unless_asked_for(self):
        said, _ = run("import sys; print(any(n.startswith('opentelemetry') for n in sys.modules))")
        self.assertEqual(said, ["False"])


SEMANTICS = """
from opentelemetry import trace
from ddtrace.trace import TraceFilter, tracer
class Show(TraceFilter):
    def process_trace(self, spans):
        for span in spans:
            print(span.resource, span.service, span.span_type, sorted(
                (k, v) for k, v in span._get_attributes().items()
                if not k.startswith("_dd") and k not in ("process_id", "runtime-id", "a")),
                [e.attributes["exception.type"] for e in span._get_events()])
        return spans
tracer.configure(trace_processors=[Show()])
with trace.get_tracer("t").start_as_current_span("r", attributes={
        "service.name": "n", "resource.name": "o", "span.type": "web",
        "http.response.status_code": 200}) as span:
    span.record_exception(ValueError("v"))
"""


class Semantics(unittest.TestCase):
    def test_attributes_keep_their_names_and_nothing_is_added(self):
        said, errors = run(SEMANTICS, DD_TRACE_OTEL_ENABLED="1", DD_TRACE_OTEL_SEMANTICS_ENABLED="1")
        attributes = [("http.response.status_code", 200), ("resource.name", "o"),
                      ("service.name", "n"), ("span.type", "web")]
        self.assertEqual(said, [f"r n None {attributes} ['ValueError']"], errors)

    def test_else_some_are_fields_and_tags(self):
        said, errors = run(SEMANTICS, DD_TRACE_OTEL_ENABLED="1")
        self.assertIn("o n web [('env', 'e'), ('error.message', 'v')", said[0])
        self.assertIn("('http.status_code', '200')", said[0], errors)


if __name__ == "__main__":
    unittest.main()
