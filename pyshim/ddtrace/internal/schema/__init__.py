"""How spans and services are named: schema v0, or v1 (DD_TRACE_SPAN_ATTRIBUTE_SCHEMA)."""

from ddtrace.internal.schema.span_attribute_schema import (
    SCHEMA_VERSION,
    SpanDirection,
    schematize_cache_operation,
    schematize_cloud_api_operation,
    schematize_cloud_faas_operation,
    schematize_cloud_messaging_operation,
    schematize_database_operation,
    schematize_messaging_operation,
    schematize_service_name,
    schematize_url_operation,
)

__all__ = [
    "SCHEMA_VERSION",
    "SpanDirection",
    "schematize_cache_operation",
    "schematize_cloud_api_operation",
    "schematize_cloud_faas_operation",
    "schematize_cloud_messaging_operation",
    "schematize_database_operation",
    "schematize_messaging_operation",
    "schematize_service_name",
    "schematize_url_operation",
]
