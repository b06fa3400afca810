"""Where finished traces go, for writers that are written in Python."""

from ddtrace.internal.writer.native_writer import WINDOWS as DEFAULT_SMA_WINDOW
from ddtrace.internal.writer.writer import (
    AgentWriterInterface,
    LogWriter,
    NativeWriter,
    TraceWriter,
    create_trace_writer,
)
from ddtrace.internal.writer.writer_client import WriterClientBase

__all__ = [
    "DEFAULT_SMA_WINDOW",
    "AgentWriterInterface",
    "LogWriter",
    "NativeWriter",
    "TraceWriter",
    "WriterClientBase",
    "create_trace_writer",
]
