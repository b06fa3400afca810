"""Trace context in the headers of requests and messages."""

from typing import Any, Union

from ddtrace import _native
from ddtrace._native import Context, Span
from ddtrace.constants import AUTO_KEEP, AUTO_REJECT, USER_KEEP
from ddtrace.internal.constants import (
    _PROPAGATION_BEHAVIOR_RESTART,
    _PROPAGATION_STYLE_BAGGAGE,
    _PROPAGATION_STYLE_W3C_TRACECONTEXT,
    BAGGAGE_TAG_PREFIX,
    DD_TRACE_BAGGAGE_MAX_BYTES,
    DD_TRACE_BAGGAGE_MAX_ITEMS,
    LAST_DD_PARENT_ID_KEY,
    PROPAGATION_STYLE_B3_MULTI,
    PROPAGATION_STYLE_B3_SINGLE,
    PROPAGATION_STYLE_DATADOG,
    TRACE_SOURCE_PROPAGATION_KEY,
    W3C_TRACEPARENT_KEY,
    W3C_TRACESTATE_KEY,
)

__all__ = [
    "AUTO_KEEP",
    "AUTO_REJECT",
    "BAGGAGE_DELIMITER",
    "BAGGAGE_TAG_PREFIX",
    "DD_TRACE_BAGGAGE_MAX_BYTES",
    "DD_TRACE_BAGGAGE_MAX_ITEMS",
    "HTTPPropagator",
    "HTTP_HEADER_ORIGIN",
    "HTTP_HEADER_PARENT_ID",
    "HTTP_HEADER_SAMPLING_PRIORITY",
    "HTTP_HEADER_TRACE_ID",
    "LAST_DD_PARENT_ID_KEY",
    "POSSIBLE_HTTP_HEADER_ORIGIN",
    "POSSIBLE_HTTP_HEADER_PARENT_IDS",
    "POSSIBLE_HTTP_HEADER_SAMPLING_PRIORITIES",
    "POSSIBLE_HTTP_HEADER_TRACE_IDS",
    "PROPAGATION_STYLE_B3_MULTI",
    "PROPAGATION_STYLE_B3_SINGLE",
    "PROPAGATION_STYLE_DATADOG",
    "TRACE_SOURCE_PROPAGATION_KEY",
    "USER_KEEP",
    "W3C_TRACEPARENT_KEY",
    "W3C_TRACESTATE_KEY",
    "_PROPAGATION_BEHAVIOR_RESTART",
    "_PROPAGATION_STYLE_BAGGAGE",
    "_PROPAGATION_STYLE_W3C_TRACECONTEXT",
    "get_wsgi_header",
]

BAGGAGE_DELIMITER = ","
HTTP_HEADER_TRACE_ID = "x-datadog-trace-id"
HTTP_HEADER_PARENT_ID = "x-datadog-parent-id"
HTTP_HEADER_SAMPLING_PRIORITY = "x-datadog-sampling-priority"
HTTP_HEADER_ORIGIN = "x-datadog-origin"


def get_wsgi_header(header: str) -> str:
    """The name of a header in a WSGI environ."""
    return "HTTP_" + header.upper().replace("-", "_")


def _forms(header: str) -> frozenset[str]:
    return frozenset({header, get_wsgi_header(header).lower()})


POSSIBLE_HTTP_HEADER_TRACE_IDS = _forms(HTTP_HEADER_TRACE_ID)
POSSIBLE_HTTP_HEADER_PARENT_IDS = _forms(HTTP_HEADER_PARENT_ID)
POSSIBLE_HTTP_HEADER_SAMPLING_PRIORITIES = _forms(HTTP_HEADER_SAMPLING_PRIORITY)
POSSIBLE_HTTP_HEADER_ORIGIN = _forms(HTTP_HEADER_ORIGIN)

_HTTP_BAGGAGE_PREFIX = "ot-baggage-"
_HTTP_HEADER_B3_SINGLE = "b3"
_HTTP_HEADER_B3_TRACE_ID = "x-b3-traceid"
_HTTP_HEADER_B3_SPAN_ID = "x-b3-spanid"
_HTTP_HEADER_B3_SAMPLED = "x-b3-sampled"
_HTTP_HEADER_B3_FLAGS = "x-b3-flags"
_HTTP_HEADER_TAGS = "x-datadog-tags"
_HTTP_HEADER_TRACEPARENT = "traceparent"
_HTTP_HEADER_TRACESTATE = "tracestate"
_HTTP_HEADER_BAGGAGE = "baggage"
_POSSIBLE_HTTP_BAGGAGE_PREFIX = frozenset({_HTTP_BAGGAGE_PREFIX, "http_ot_baggage_"})
_POSSIBLE_HTTP_HEADER_TAGS = _forms(_HTTP_HEADER_TAGS)
_POSSIBLE_HTTP_HEADER_B3_SINGLE_HEADER = _forms(_HTTP_HEADER_B3_SINGLE)
_POSSIBLE_HTTP_HEADER_B3_TRACE_IDS = _forms(_HTTP_HEADER_B3_TRACE_ID)
_POSSIBLE_HTTP_HEADER_B3_SPAN_IDS = _forms(_HTTP_HEADER_B3_SPAN_ID)
_POSSIBLE_HTTP_HEADER_B3_SAMPLEDS = _forms(_HTTP_HEADER_B3_SAMPLED)
_POSSIBLE_HTTP_HEADER_B3_FLAGS = _forms(_HTTP_HEADER_B3_FLAGS)
_POSSIBLE_HTTP_HEADER_TRACEPARENT = _forms(_HTTP_HEADER_TRACEPARENT)
_POSSIBLE_HTTP_HEADER_TRACESTATE = _forms(_HTTP_HEADER_TRACESTATE)
_POSSIBLE_HTTP_BAGGAGE_HEADER = _forms(_HTTP_HEADER_BAGGAGE)


class HTTPPropagator:
    """Writes and reads the headers that continue a trace elsewhere."""

    @staticmethod
    def inject(context: Union[Context, Span], headers: dict[str, str]) -> None:
        """Adds the headers of a span or context to `headers`."""
        _native.inject(context, headers)

    @staticmethod
    def extract(headers: Any) -> Context:
        """The context that `headers` carry; an empty one when they carry none."""
        return _native.extract(headers)
