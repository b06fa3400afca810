"""Metrics and logs of the OpenTelemetry API, exported by the SDK that the user has installed.

The packages opentelemetry-sdk and opentelemetry-exporter-otlp are needed. They read the OTEL_*
variables themselves; here is what is different by default: the agent's host, delta temporality, the
resource of this process.
"""

from __future__ import annotations

import os

from ddtrace import _native
from ddtrace.internal.logger import get_logger

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

log = get_logger(__name__)

_PORTS = {"grpc": 4317, "http/protobuf": 4318}


def _setting(signal: str, name: str) -> str | None:
    """OTEL_EXPORTER_OTLP_METRICS_<NAME>, else OTEL_EXPORTER_OTLP_<NAME>."""
    return os.environ.get(f"OTEL_EXPORTER_OTLP_{signal}_{name}") or os.environ.get(
        f"OTEL_EXPORTER_OTLP_{name}"
    )


def _milliseconds(name: str, fallback: int) -> float:
    try:
        return float(os.environ.get(name) or fallback)
    except ValueError:
        log.warning("%s=%s is no number of milliseconds", name, os.environ[name])
        return fallback


def _endpoint(signal: str, protocol: str) -> str | None:
    """Where to send; None where a variable says it, which the exporter reads."""
    if _setting(signal, "ENDPOINT"):
        return None
    from urllib.parse import urlsplit

    url = urlsplit(_native.agent_url())
    host = (url.hostname if url.scheme != "unix" else None) or "localhost"
    if ":" in host:
        host = f"[{host}]"
    path = "" if protocol == "grpc" else f"/v1/{signal.lower()}"
    return f"http://{host}:{_PORTS[protocol]}{path}"


def _resource() -> Any:
    """What the process is called, over what the SDK and the environment say."""
    from opentelemetry.sdk.resources import Resource  # type: ignore[import-not-found]

    from ddtrace import config

    found = {str(key): str(value) for key, value in config.tags.items()}
    named = {
        "service.name": config.service,
        "service.version": config.version,
        "deployment.environment": config.env,
    }
    found.update({key: value for key, value in named.items() if value})
    if config._report_hostname:
        from ddtrace.internal.hostname import get_hostname

        found["host.name"] = get_hostname()
    return Resource.create(found)


def _exporter(signal: str, module: str, name: str, **options: Any) -> Any:
    """An exporter of the protocol that is set; None, and a warning, where that cannot be."""
    import importlib

    protocol = (_setting(signal, "PROTOCOL") or "grpc").lower()
    if protocol not in _PORTS:
        log.warning(
            "OTLP %s: the protocol %r is not supported; use grpc or http/protobuf",
            signal.lower(),
            protocol,
        )
        return None
    try:
        kind = "grpc" if protocol == "grpc" else "http"
        found = importlib.import_module(f"opentelemetry.exporter.otlp.proto.{kind}.{module}")
    except ImportError:
        log.warning(
            "OTLP %s need the package opentelemetry-exporter-otlp, which is not installed",
            signal.lower(),
        )
        return None
    endpoint = _endpoint(signal, protocol)
    if endpoint is not None:
        options["endpoint"] = endpoint
        if protocol == "grpc":
            options["insecure"] = True
    return getattr(found, name)(**options)


def export_metrics() -> None:
    """Makes a provider of meters that sends to the agent every ten seconds."""
    if os.environ.get("OTEL_METRICS_EXPORTER", "").strip().lower() == "none":
        return
    options: dict[str, Any] = {}
    try:
        if not os.environ.get("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"):
            options["preferred_temporality"] = _deltas()
        exporter = _exporter("METRICS", "metric_exporter", "OTLPMetricExporter", **options)
    except ImportError:
        log.warning("metrics need the package opentelemetry-sdk, which is not installed")
        return
    if exporter is None:
        return
    from opentelemetry.metrics import set_meter_provider
    from opentelemetry.sdk.metrics import MeterProvider  # type: ignore[import-not-found]
    from opentelemetry.sdk.metrics.export import (  # type: ignore[import-not-found]
        PeriodicExportingMetricReader,
    )

    reader = PeriodicExportingMetricReader(
        exporter,
        export_interval_millis=_milliseconds("OTEL_METRIC_EXPORT_INTERVAL", 10_000),
        export_timeout_millis=_milliseconds("OTEL_METRIC_EXPORT_TIMEOUT", 7_500),
    )
    set_meter_provider(MeterProvider(metric_readers=[reader], resource=_resource()))


def _deltas() -> dict[type, Any]:
    """What grows is told by how much it has grown; what goes up and down as it is."""
    from opentelemetry.sdk import metrics  # type: ignore[import-not-found]
    from opentelemetry.sdk.metrics.export import AggregationTemporality

    deltas = (metrics.Counter, metrics.Histogram, metrics.ObservableCounter)
    totals = (metrics.UpDownCounter, metrics.ObservableUpDownCounter, metrics.ObservableGauge)
    return {kind: AggregationTemporality.DELTA for kind in deltas} | {
        kind: AggregationTemporality.CUMULATIVE for kind in totals
    }


def export_logs() -> None:
    """Makes a provider of loggers that sends to the agent; records of `logging` go there as well."""
    import logging

    try:
        exporter = _exporter("LOGS", "_log_exporter", "OTLPLogExporter")
        if exporter is None:
            return
        from opentelemetry._logs import set_logger_provider
        from opentelemetry.sdk._logs import (  # type: ignore[import-not-found]
            LoggerProvider,
            LoggingHandler,
        )
        from opentelemetry.sdk._logs.export import (  # type: ignore[import-not-found]
            BatchLogRecordProcessor,
        )
    except ImportError:
        log.warning("logs need the package opentelemetry-sdk, which is not installed")
        return
    provider = LoggerProvider(resource=_resource())
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    set_logger_provider(provider)
    logging.getLogger().addHandler(LoggingHandler(logging.NOTSET, provider))
