"""Filters of finished traces."""

from ddtrace._trace.processor import TraceFilter

__all__ = ["TraceFilter"]
