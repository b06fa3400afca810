"""Names that telemetry knows: namespaces of metrics, levels of logs, products, kinds of messages."""

from __future__ import annotations

from enum import Enum
from typing import Optional

MetricTagType = Optional[tuple[tuple[str, str], ...]]


class TELEMETRY_NAMESPACE(Enum):
    """Which part of the tracer a metric is of."""

    TRACERS = "tracers"
    APPSEC = "appsec"
    IAST = "iast"
    CIVISIBILITY = "civisibility"
    MLOBS = "mlobs"
    AI_GUARD = "ai_guard"
    DD_TRACE_API = "ddtraceapi"
    PROFILER = "profilers"
    DEBUGGER = "live_debugger"


class TELEMETRY_LOG_LEVEL(Enum):
    """How serious a log is."""

    DEBUG = "DEBUG"
    WARNING = "WARN"
    ERROR = "ERROR"


class TELEMETRY_EVENT_TYPE(Enum):
    """The kinds of messages."""

    STARTED = "app-started"
    SHUTDOWN = "app-closing"
    HEARTBEAT = "app-heartbeat"
    EXTENDED_HEARTBEAT = "app-extended-heartbeat"
    DEPENDENCIES_LOADED = "app-dependencies-loaded"
    PRODUCT_CHANGE = "app-product-change"
    INTEGRATIONS_CHANGE = "app-integrations-change"
    ENDPOINTS = "app-endpoints"
    CLIENT_CONFIGURATION_CHANGE = "app-client-configuration-change"
    LOGS = "logs"
    METRICS = "generate-metrics"
    DISTRIBUTIONS = "distributions"
    MESSAGE_BATCH = "message-batch"


class TELEMETRY_APM_PRODUCT(str, Enum):
    """The products that are told when they are switched on or off."""

    LLMOBS = "mlobs"
    DYNAMIC_INSTRUMENTATION = "dynamic_instrumentation"
    PROFILER = "profiler"
    APPSEC = "appsec"
