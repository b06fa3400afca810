"""Processors of finished traces."""

from abc import ABC, abstractmethod
from typing import Optional

from ddtrace._native import Span


class TraceProcessor(ABC):
    """Sees and changes the finished spans of a trace before it is sent."""

    @abstractmethod
    def process_trace(self, trace: list[Span]) -> Optional[list[Span]]:
        """The spans to send, or None to drop them all."""


class TraceFilter(TraceProcessor):
    """Subclass it and hand it to `tracer.configure(trace_processors=[...])`."""
