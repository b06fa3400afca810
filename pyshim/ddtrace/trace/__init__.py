"""The public tracing interface: `from ddtrace.trace import tracer`."""

from ddtrace._native import Context, Span
from ddtrace._trace.processor import TraceFilter
from ddtrace._trace.provider import BaseContextProvider
from ddtrace._trace.tracer import Tracer, tracer

__all__ = ["BaseContextProvider", "Context", "Span", "TraceFilter", "Tracer", "tracer"]
