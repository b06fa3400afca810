"""The names of both schemas."""

from __future__ import annotations

from enum import Enum

from ddtrace.internal.settings.env import env
from ddtrace.internal.utils.formats import asbool


class SpanDirection(Enum):
    """Which way a message goes."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    PROCESSING = "processing"


def _get_schema_version() -> str:
    asked = env.get("DD_TRACE_SPAN_ATTRIBUTE_SCHEMA", "v0")
    if asked in ("v0", "v1"):
        return asked
    from ddtrace.internal.logger import get_logger

    get_logger(__name__).warning(
        "Defaulting to schema v0 because %r is not a known schema; use v0 or v1", asked
    )
    return "v0"


SCHEMA_VERSION = _get_schema_version()
_V1 = SCHEMA_VERSION == "v1"
_SERVICE_OF_PROCESS = _V1 or asbool(
    env.get("DD_TRACE_REMOVE_INTEGRATION_SERVICE_NAMES_ENABLED", "false")
)

_MESSAGING = {
    SpanDirection.INBOUND: "receive",
    SpanDirection.OUTBOUND: "send",
    SpanDirection.PROCESSING: "process",
}


def schematize_service_name(v0_service_name: str | None) -> str | None:
    """The service of an integration: its own in v0, the process' in v1."""
    if not _SERVICE_OF_PROCESS:
        return v0_service_name
    from ddtrace.internal.constants import DEFAULT_SERVICE_NAME
    from ddtrace.internal.settings._sources import process

    return process()[0] or DEFAULT_SERVICE_NAME


def schematize_cache_operation(v0_operation: str, cache_provider: str | None = None) -> str:
    """The name of a span around a command of a cache."""
    return f"{cache_provider}.command" if _V1 else v0_operation


def schematize_database_operation(v0_operation: str, database_provider: str | None = None) -> str:
    """The name of a span around a query."""
    return f"{database_provider}.query" if _V1 else v0_operation


def schematize_cloud_api_operation(
    v0_operation: str, cloud_provider: str | None = None, cloud_service: str | None = None
) -> str:
    """The name of a span around a call of a cloud's interface."""
    return f"{cloud_provider}.{cloud_service}.request" if _V1 else v0_operation


def schematize_cloud_faas_operation(
    v0_operation: str, cloud_provider: str | None = None, cloud_service: str | None = None
) -> str:
    """The name of a span around a function in a cloud."""
    return f"{cloud_provider}.{cloud_service}.invoke" if _V1 else v0_operation


def schematize_cloud_messaging_operation(
    v0_operation: str,
    cloud_provider: str | None = None,
    cloud_service: str | None = None,
    direction: SpanDirection | None = None,
) -> str:
    """The name of a span around a message through a cloud."""
    if not _V1 or direction is None:
        return v0_operation
    return f"{cloud_provider}.{cloud_service}.{_MESSAGING[direction]}"


def schematize_messaging_operation(
    v0_operation: str,
    provider: str | None = None,
    service: str | None = None,
    direction: SpanDirection | None = None,
) -> str:
    """The name of a span around a message."""
    return f"{provider}.{_MESSAGING[direction]}" if _V1 and direction is not None else v0_operation


def schematize_url_operation(
    v0_operation: str, protocol: str | None = None, direction: SpanDirection | None = None
) -> str:
    """The name of a span around a request."""
    if not _V1 or direction is None:
        return v0_operation
    side = "server" if direction is SpanDirection.INBOUND else "client"
    return f"{protocol}.{side}.request"
