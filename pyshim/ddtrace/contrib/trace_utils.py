"""Help for instrumentation that is written by hand."""

from ddtrace.contrib.internal.redis_utils import (
    MULTI_KEY_COMMANDS,
    ROW_RETURNING_COMMANDS,
    SINGLE_KEY_COMMANDS,
    determine_row_count,
)
from ddtrace.contrib.internal.trace_utils import (
    IP_PATTERNS,
    NORMALIZE_PATTERN,
    REQUEST,
    RESPONSE,
    USER_AGENT_PATTERNS,
    activate_distributed_headers,
    distributed_tracing_enabled,
    ext_service,
    extract_netloc_and_query_info_from_url,
    int_service,
    is_tracing_enabled,
    iswrapped,
    set_flattened_tags,
    set_http_meta,
    set_service_and_source,
    set_user,
    unwrap,
    with_traced_module,
    wrap,
)
from ddtrace.contrib.internal.trace_utils_async import (
    with_traced_module as with_traced_module_async,
)

__all__ = [
    "IP_PATTERNS",
    "MULTI_KEY_COMMANDS",
    "NORMALIZE_PATTERN",
    "REQUEST",
    "RESPONSE",
    "ROW_RETURNING_COMMANDS",
    "SINGLE_KEY_COMMANDS",
    "USER_AGENT_PATTERNS",
    "activate_distributed_headers",
    "determine_row_count",
    "distributed_tracing_enabled",
    "ext_service",
    "extract_netloc_and_query_info_from_url",
    "int_service",
    "is_tracing_enabled",
    "iswrapped",
    "set_flattened_tags",
    "set_http_meta",
    "set_service_and_source",
    "set_user",
    "unwrap",
    "with_traced_module",
    "with_traced_module_async",
    "wrap",
]
