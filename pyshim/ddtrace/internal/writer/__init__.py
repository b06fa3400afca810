"""Where finished traces go, for writers that are written in Python."""

from ddtrace.internal.writer.writer import AgentWriterInterface, LogWriter, TraceWriter

__all__ = ["AgentWriterInterface", "LogWriter", "TraceWriter"]
