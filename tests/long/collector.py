"""The OpenTelemetry Collector takes what ddpython exports: collector.py DDPYTHON [--collector PROGRAM]

Without a program one is built first, from the Go module proxy (some minutes). Its log is compared
with what the program did: names, kinds, status, attributes, events, links; as protobuf and as JSON,
through the batch processor. Not part of CI.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time

VERSIONS = {"builder": "v0.164.0", "components": "v0.160.0", "providers": "v1.66.0"}
BUILD = """
dist: {{name: collector, output_path: {folder}, version: 0.160.0}}
receivers: [{{gomod: go.opentelemetry.io/collector/receiver/otlpreceiver {components}}}]
exporters: [{{gomod: go.opentelemetry.io/collector/exporter/debugexporter {components}}}]
processors: [{{gomod: go.opentelemetry.io/collector/processor/batchprocessor {components}}}]
providers:
  - {{gomod: go.opentelemetry.io/collector/confmap/provider/fileprovider {providers}}}
  - {{gomod: go.opentelemetry.io/collector/confmap/provider/envprovider {providers}}}
"""
CONFIGURATION = """
receivers: {{otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:{port}"}}}}}}}}
processors: {{batch: {{timeout: 100ms}}}}
exporters: {{debug: {{verbosity: detailed}}}}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines: {{traces: {{receivers: [otlp], processors: [batch], exporters: [debug]}}}}
"""
PROGRAM = """
import sys
from ddtrace.trace import tracer
with tracer.trace("web.request", service="shop", resource="GET /\\u00e9", span_type="web") as web:
    web.set_tag("span.kind", "server")
    web.set_tag("http.status_code", "200")
    web.set_tag("count", 3)
    web.set_tag("share", 0.5)
    web.set_tag("long", "x" * 5000)
    try:
        with tracer.trace("db.query", service="pg", span_type="sql") as db:
            db.set_tag("span.kind", "client")
            db.link_span(web.context, {"why": "test"})
            db._add_event("retried", {"times": 2, "ok": True, "of": ["a", "b"]})
            raise ValueError("no")
    except ValueError:
        pass
for n in range(int(sys.argv[1])):
    with tracer.trace("many"): pass
"""
EXPECTED = [
    r"service\.name: Str\(shop\)", r"telemetry\.sdk\.name: Str\(datadog\)", r"deployment\.environment\.name: Str\(test\)",
    r"Name +: GET /é", r"Kind +: Server", r"Kind +: Client", r"Status code +: Error", r"Status message +: no",
    r"count: (Double|Int)\(3\)", r"share: Double\(0\.5\)", r"long: Str\(x{5000}\)", r"operation\.name: Str\(web\.request\)",
    r"-> Name: retried", r"-> times: Int\(2\)", r"-> ok: Bool\(true\)", r"Links:", r"-> why: Str\(test\)",
    r"Parent ID +: [0-9a-f]{16}", r"TraceState +: dd=",
]
MANY = 5000


def build() -> str:
    folder = tempfile.mkdtemp(prefix="dd-collector-")
    subprocess.run(["go", "install", f"go.opentelemetry.io/collector/cmd/builder@{VERSIONS['builder']}"],
                   check=True, env=os.environ | {"GOBIN": folder})
    pathlib.Path(folder, "build.yaml").write_text(BUILD.format(folder=folder + "/made", **VERSIONS))
    subprocess.run([folder + "/builder", "--config", folder + "/build.yaml", "--skip-strict-versioning"], check=True)
    return folder + "/made/collector"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def check(ddpython: str, collector: str, protocol: str) -> int:
    port, folder = free_port(), pathlib.Path(tempfile.mkdtemp(prefix="dd-collector-"))
    (folder / "config.yaml").write_text(CONFIGURATION.format(port=port))
    with open(folder / "log", "w+") as log:
        running = subprocess.Popen([collector, "--config", str(folder / "config.yaml")], stdout=log, stderr=log)
        try:
            while not listens(port):
                if running.poll() is not None:
                    raise SystemExit((folder / "log").read_text())
                time.sleep(0.05)
            env = {k: v for k, v in os.environ.items() if not k.startswith(("DD_", "OTEL_"))} | {
                "OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": protocol, "DD_ENV": "test",
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"http://127.0.0.1:{port}/v1/traces", "DD_SERVICE": "shop",
                "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false", "DD_REMOTE_CONFIGURATION_ENABLED": "false"}
            done = subprocess.run([ddpython, "-c", PROGRAM, str(MANY)], env=env, capture_output=True, text=True)
            if done.returncode or done.stderr:
                raise SystemExit(done.stderr)
        finally:
            running.terminate()
            running.wait()
    text = (folder / "log").read_text()
    missing = [one for one in EXPECTED if not re.search(one, text)]
    many = len(re.findall(r"operation\.name: Str\(many\)", text))
    refused = re.findall(r"(?i)\berror\b.*\n", "\n".join(line for line in text.splitlines() if "\terror\t" in line))
    print(f"{protocol}: {many} of {MANY} spans, missing {missing}, refused {refused[:3]}")
    if missing:
        print(text[:6000])
    return bool(missing or refused or many != MANY)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("ddpython")
    parser.add_argument("--collector")
    arguments = parser.parse_args()
    collector = arguments.collector or build()
    return max(check(arguments.ddpython, collector, protocol) for protocol in ("http/protobuf", "http/json"))


if __name__ == "__main__":
    sys.exit(main())
