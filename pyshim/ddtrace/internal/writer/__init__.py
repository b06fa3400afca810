"""Where finished traces go, for writers that are written in Python."""

from ddtrace.internal.writer.writer import (
    AgentWriterInterface,
    LogWriter,
    NativeWriter,
    TraceWriter,
)

__all__ = ["AgentWriterInterface", "LogWriter", "NativeWriter", "TraceWriter"]
