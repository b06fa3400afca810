"""Trace context in the headers of requests and messages."""

from typing import Any, Union

from ddtrace import _native
from ddtrace._native import Context, Span

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
