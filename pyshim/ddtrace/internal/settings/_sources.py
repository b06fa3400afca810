"""Where the attributes of `ddtrace.config` get their values."""

from __future__ import annotations

from ddtrace import _contrib, _native
from ddtrace.internal.settings.env import env
from ddtrace.internal.utils.formats import asbool, parse_tags_str

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def flag_if_set(variable: str) -> bool | None:
    """The value of a switch, None when nobody set it."""
    text = env.get(variable)
    return None if text is None else asbool(text)


def log_injection_if_set() -> bool | None:
    """Whether records of logs name the trace, None when nobody said so."""
    text = env.get("DD_LOGS_INJECTION")
    return None if text is None else text.strip().lower() in ("true", "1", "structured")


def number_if_set(variable: str) -> float | None:
    """The value of a number, None when nobody set one that can be read."""
    try:
        return float(env[variable])
    except (KeyError, ValueError):
        return None


def sampling_rules() -> str | None:
    """The sampling rules as text."""
    return env.get("DD_TRACE_SAMPLING_RULES")


_AT_START = _contrib.process()


def process() -> tuple[str, bool, str, str, dict[str, str]]:
    """Service, whether it is inferred, environment, version and tags, as the settings say."""
    return _AT_START


def inferred_service() -> str:
    """The service that the command line suggests, when it is in use."""
    return _AT_START[0] if _AT_START[1] else ""


def tags(native: dict[str, str]) -> dict[str, str]:
    """The tags of all spans; `env` stays among them when it stands there."""
    text = env.get("DD_TAGS")
    if text is None:
        return dict(native)
    taken = ("service", "version", "git.commit.sha", "git.repository_url")
    return {key: value for key, value in parse_tags_str(text).items() if key not in taken}


def _number(text: str, default: Any) -> Any:
    try:
        return type(default)(text)
    except ValueError:
        return default


def _read(variable: str, default: Any) -> Any:
    text = env.get(variable) if variable else None
    if text is None:
        return default() if callable(default) else default
    if isinstance(default, bool):
        return asbool(text)
    if isinstance(default, (int, float)):
        return _number(text, default)
    return text


_STYLES = ("datadog", "tracecontext", "baggage")


def _styles(variable: str) -> list[str]:
    text = env.get(variable) or env.get("DD_TRACE_PROPAGATION_STYLE")
    if text is None:
        return list(_STYLES)
    from ddtrace.internal.constants import PROPAGATION_STYLE_ALL

    found = [style.strip().lower() for style in text.split(",")]
    return [style for style in found if style in PROPAGATION_STYLE_ALL and style != "none"]


#: attribute: (variable, default); the default's type says how the text is read
_ATTRIBUTES: dict[str, tuple[str, Any]] = {
    "_128_bit_trace_id_enabled": ("DD_TRACE_128_BIT_TRACEID_GENERATION_ENABLED", True),
    "_128_bit_trace_id_logging_enabled": ("DD_TRACE_128_BIT_TRACEID_LOGGING_ENABLED", False),
    "_agent_timeout_seconds": ("DD_TRACE_AGENT_TIMEOUT_SECONDS", 2.0),
    "_client_ip_header": ("DD_TRACE_CLIENT_IP_HEADER", None),
    "_data_streams_enabled": ("DD_DATA_STREAMS_ENABLED", False),
    "_dd_api_key": ("DD_API_KEY", None),
    "_dd_app_key": ("DD_APP_KEY", None),
    "_dd_site": ("DD_SITE", "datadoghq.com"),
    "_debug_mode": ("DD_TRACE_DEBUG", False),
    "_health_metrics_enabled": ("DD_TRACE_HEALTH_METRICS_ENABLED", False),
    "_http_client_tag_query_string": ("DD_TRACE_HTTP_CLIENT_TAG_QUERY_STRING", "true"),
    "_http_tag_query_string": ("DD_HTTP_SERVER_TAG_QUERY_STRING", True),
    "_inferred_proxy_services_enabled": ("DD_TRACE_INFERRED_PROXY_SERVICES_ENABLED", False),
    "_inject_enabled": ("DD_INJECTION_ENABLED", None),
    "_otel_logs_enabled": ("DD_LOGS_OTEL_ENABLED", False),
    "_otel_metrics_enabled": ("DD_METRICS_OTEL_ENABLED", False),
    "_otel_trace_enabled": ("DD_TRACE_OTEL_ENABLED", False),
    "_partial_flush_enabled": ("DD_TRACE_PARTIAL_FLUSH_ENABLED", True),
    "_propagation_behavior_extract": ("DD_TRACE_PROPAGATION_BEHAVIOR_EXTRACT", "continue"),
    "_propagation_extract_first": ("DD_TRACE_PROPAGATION_EXTRACT_FIRST", False),
    "_propagation_http_baggage_enabled": ("DD_TRACE_PROPAGATION_HTTP_BAGGAGE_ENABLED", False),
    "_remote_config_enabled": ("DD_REMOTE_CONFIGURATION_ENABLED", True),
    "_remote_config_poll_interval": ("DD_REMOTE_CONFIG_POLL_INTERVAL_SECONDS", 5.0),
    "_report_hostname": ("DD_TRACE_REPORT_HOSTNAME", False),
    "_retrieve_client_ip": ("DD_TRACE_CLIENT_IP_ENABLED", False),
    "_runtime_metrics_enabled": ("DD_RUNTIME_METRICS_ENABLED", False),
    "_sampling_rules": ("DD_SPAN_SAMPLING_RULES", None),
    "_sampling_rules_file": ("DD_SPAN_SAMPLING_RULES_FILE", None),
    "_span_traceback_max_size": ("DD_TRACE_SPAN_TRACEBACK_MAX_SIZE", 30),
    "_startup_logs_enabled": ("DD_TRACE_STARTUP_LOGS", False),
    "_telemetry_enabled": ("DD_INSTRUMENTATION_TELEMETRY_ENABLED", True),
    "_telemetry_heartbeat_interval": ("DD_TELEMETRY_HEARTBEAT_INTERVAL", 60),
    "_trace_agent_url": ("DD_TRACE_AGENT_URL", None),
    "_trace_api": ("DD_TRACE_API_VERSION", None),
    "_trace_compute_stats": ("DD_TRACE_STATS_COMPUTATION_ENABLED", False),
    "_trace_methods": ("DD_TRACE_METHODS", None),
    "_trace_rate_limit": ("DD_TRACE_RATE_LIMIT", 100),
    "_trace_safe_instrumentation_enabled": ("DD_TRACE_SAFE_INSTRUMENTATION_ENABLED", False),
    "_trace_writer_buffer_size": ("DD_TRACE_WRITER_BUFFER_SIZE_BYTES", 20 << 20),
    "_trace_writer_connection_reuse": ("DD_TRACE_WRITER_REUSE_CONNECTIONS", False),
    "_trace_writer_interval_seconds": ("DD_TRACE_WRITER_INTERVAL_SECONDS", 1.0),
    "_trace_writer_payload_size": ("DD_TRACE_WRITER_MAX_PAYLOAD_SIZE_BYTES", 20 << 20),
    "_x_datadog_tags_max_length": ("DD_TRACE_X_DATADOG_TAGS_MAX_LENGTH", 512),
    "_extra_services": ("", set),
    "_from_endpoint": ("", dict),
    "_integration_default_services": ("", frozenset),
}


_PATTERN = "DD_TRACE_OBFUSCATION_QUERY_STRING_REGEXP"


def _query_pattern() -> Any:
    import re

    try:
        return re.compile(_native.query_pattern().encode("ascii"))
    except (re.error, UnicodeEncodeError):
        return None


def _names(variable: str) -> list[str]:
    pieces = (piece.strip() for piece in env.get(variable, "").split(","))
    return [piece for piece in pieces if piece]


def _names_if_set(variable: str) -> set[str] | None:
    return set(_names(variable)) or None


def _stats_limits() -> dict[str, int]:
    return {
        name: _read(f"DD_TRACE_STATS_{variable}CARDINALITY_LIMIT", default)
        for name, variable, default in (
            ("whole_key_limit", "", 7000),
            ("resource_limit", "RESOURCE_", 1024),
            ("http_endpoint_limit", "HTTP_ENDPOINT_", 512),
            ("peer_tags_limit", "PEER_TAGS_", 512),
            ("additional_tags_limit", "ADDITIONAL_TAGS_", 100),
        )
    }


def _reads(variable: str, default: Any) -> Callable[[], Any]:
    return lambda: _read(variable, default)


def _switch(variable: str) -> Callable[[], bool | None]:
    return lambda: flag_if_set(variable)


#: what few look at is read when they do
LATE: dict[str, Callable[[], Any]] = {
    "_agentless_enabled": _reads("DD_AGENTLESS_ENABLED", False),
    "_ci_visibility_agentless_enabled": _reads("DD_CIVISIBILITY_AGENTLESS_ENABLED", False),
    "_ci_visibility_agentless_url": _reads("DD_CIVISIBILITY_AGENTLESS_URL", ""),
    "_ci_visibility_intelligent_testrunner_enabled": _reads("DD_CIVISIBILITY_ITR_ENABLED", True),
    "_ci_visibility_log_level": _reads("DD_CIVISIBILITY_LOG_LEVEL", "info"),
    "_client_side_stats_obfuscation": _reads(
        "_DD_TRACE_STATS_COMPUTATION_EXPERIMENTAL_CLIENT_OBFUSCATION_ENABLED", True
    ),
    "_experimental_features_enabled": lambda: {
        name
        for name in env.get("DD_TRACE_EXPERIMENTAL_FEATURES_ENABLED", "").upper().split(",")
        if name
    },
    "_extra_services_queue": lambda: None,
    "_extra_services_sent": set,
    "_global_query_string_obfuscation_disabled": lambda: env.get(_PATTERN) == "",
    "_inject_force": _switch("DD_INJECT_FORCE"),
    "_lib_was_injected": _reads("_DD_PY_SSI_INJECT", False),
    "_llmobs_agentless_enabled": _switch("DD_LLMOBS_AGENTLESS_ENABLED"),
    "_llmobs_event_size_limit": _reads("DD_LLMOBS_EVENT_SIZE_BYTES", 5_000_000),
    "_llmobs_instrumented_proxy_urls": lambda: _names_if_set("DD_LLMOBS_INSTRUMENTED_PROXY_URLS"),
    "_llmobs_payload_size_limit": _reads("DD_LLMOBS_PAYLOAD_SIZE_BYTES", 5 << 20),
    "_long_running_flush_interval": _reads(
        "DD_TRACE_EXPERIMENTAL_LONG_RUNNING_FLUSH_INTERVAL", 120.0
    ),
    "_long_running_initial_flush_interval": _reads(
        "DD_TRACE_EXPERIMENTAL_LONG_RUNNING_INITIAL_FLUSH_INTERVAL", 10.0
    ),
    "_model_lab_enabled": lambda: _read(
        "DD_MODEL_LAB_ENABLED", _read("DD_MODEL_LAB", False)
    ),
    "_obfuscation_query_string_pattern": _query_pattern,
    "_otel_stats_computation_enabled": _switch("OTEL_TRACES_SPAN_METRICS_ENABLED"),
    "_otel_thread_context_enabled": lambda: True,
    "_otel_trace_semantics_enabled": _reads("DD_TRACE_OTEL_SEMANTICS_ENABLED", False),
    "_propagation_as_span_links": lambda: set(_names("DD_TRACE_PROPAGATION_AS_SPAN_LINKS")),
    "_query_string_obfuscation_preserve_delimiter": lambda: env.get(_PATTERN) is None,
    "_raise": _reads("DD_TESTING_RAISE", False),
    "_runtime_metrics_runtime_id_enabled": lambda: _read(
        "DD_TRACE_EXPERIMENTAL_RUNTIME_ID_ENABLED",
        _read("DD_RUNTIME_METRICS_RUNTIME_ID_ENABLED", False),
    ),
    "_telemetry_dependency_collection": _reads(
        "DD_TELEMETRY_DEPENDENCY_COLLECTION_ENABLED", True
    ),
    "_test_session_name": _reads("DD_TEST_SESSION_NAME", None),
    "_test_visibility_early_flake_detection_enabled": _reads(
        "DD_CIVISIBILITY_EARLY_FLAKE_DETECTION_ENABLED", True
    ),
    "_trace_agentless_enabled": _reads("DD_AGENTLESS_ENABLED", False),
    "_trace_resource_renaming_always_simplified_endpoint": _reads(
        "DD_TRACE_RESOURCE_RENAMING_ALWAYS_SIMPLIFIED_ENDPOINT", False
    ),
    "_trace_resource_renaming_enabled": _reads("DD_TRACE_RESOURCE_RENAMING_ENABLED", False),
    "_trace_stats_additional_tags": lambda: _names("DD_TRACE_STATS_ADDITIONAL_TAGS"),
    "_trace_stats_cardinality_limits": _stats_limits,
    "_trace_wrap_span_name_include_class": _reads("DD_TRACE_WRAP_SPAN_NAME_INCLUDE_CLASS", False),
    "_trace_writer_log_err_payload": _reads("_DD_TRACE_WRITER_LOG_ERROR_PAYLOADS", False),
}


#: attributes that are made of more than a variable's text
_MADE = {
    "_baggage_tag_keys": "DD_TRACE_BAGGAGE_TAG_KEYS",
    "_partial_flush_min_spans": "DD_TRACE_PARTIAL_FLUSH_MIN_SPANS",
    "_propagation_style_extract": "DD_TRACE_PROPAGATION_STYLE_EXTRACT",
    "_propagation_style_inject": "DD_TRACE_PROPAGATION_STYLE_INJECT",
    "_x_datadog_tags_enabled": "DD_TRACE_X_DATADOG_TAGS_MAX_LENGTH",
    "_obfuscation_query_string_pattern": _PATTERN,
    "_global_query_string_obfuscation_disabled": _PATTERN,
}
#: switches of which one position is a text of another setting
_OFF: dict[str, dict[bool, str]] = {
    "_x_datadog_tags_enabled": {False: "0"},
    "_global_query_string_obfuscation_disabled": {True: ""},
}


def variable_of(attribute: str) -> str:
    """The variable behind an attribute, or ""."""
    return _MADE.get(attribute) or _ATTRIBUTES.get(attribute, ("", None))[0]


def as_text(attribute: str, value: Any) -> str | None:
    """A value as it would be written in the environment; None when it is none."""
    if attribute in _OFF:
        return _OFF[attribute].get(bool(value))
    value = getattr(value, "pattern", value)  # of a compiled expression
    if isinstance(value, bytes):
        return value.decode("ascii", "replace")
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple, set)):
        return ",".join(map(str, value)) or "none"
    return str(value)


def attributes() -> dict[str, Any]:
    """The plain attributes, read now."""
    out = {name: _read(*row) for name, row in _ATTRIBUTES.items()}
    out["_partial_flush_min_spans"] = max(1, _read("DD_TRACE_PARTIAL_FLUSH_MIN_SPANS", 300))
    out["_x_datadog_tags_max_length"] = max(0, out["_x_datadog_tags_max_length"])
    out["_x_datadog_tags_enabled"] = out["_x_datadog_tags_max_length"] > 0
    out["_propagation_style_extract"] = _styles("DD_TRACE_PROPAGATION_STYLE_EXTRACT")
    out["_propagation_style_inject"] = _styles("DD_TRACE_PROPAGATION_STYLE_INJECT")
    keys = env.get("DD_TRACE_BAGGAGE_TAG_KEYS", "user.id,account.id,session.id")
    out["_baggage_tag_keys"] = [key.strip() for key in keys.split(",") if key.strip()]
    otel = ("_otel_trace_enabled", "_otel_metrics_enabled", "_otel_logs_enabled")
    out["_otel_enabled"] = any(out[name] for name in otel)
    return out
