"""What happened in a span."""

from ddtrace._native import SpanEvent

__all__ = ["SpanEvent"]
