"""The native types, under the name they are known by."""

import os
import time

from ddtrace._native import DD_CONTEXTVAR, Context, SpanEvent, SpanLink
from ddtrace._native import Span as SpanData
from ddtrace._trace.provider import BaseContextProvider, DefaultContextProvider
from ddtrace.internal.core.event_hub import (
    EventResult,
    EventResultDict,
    ResultType,
    dispatch,
    dispatch_with_results,
    has_listeners,
    on,
    reset,
)
from ddtrace.internal.native._errors import (
    AgentError,
    BuilderError,
    ConnectionFailedError,
    DeserializationError,
    HttpClientError,
    HttpIoError,
    InternalError,
    InvalidConfigError,
    IoError,
    NetworkError,
    RequestError,
    RequestFailedError,
    SerializationError,
    TimedOutError,
)
from ddtrace.internal.native._exporter import AgentResponse, TraceExporter
from ddtrace.internal.native._remote_config import RemoteConfigCapabilities, RemoteConfigProduct
from ddtrace.internal.utils.formats import flatten_key_value, is_sequence

__all__ = [
    "DD_CONTEXTVAR",
    "AgentError",
    "AgentResponse",
    "BaseContextProvider",
    "BuilderError",
    "ConnectionFailedError",
    "Context",
    "DefaultContextProvider",
    "DeserializationError",
    "EventResult",
    "EventResultDict",
    "HttpClientError",
    "HttpIoError",
    "InternalError",
    "InvalidConfigError",
    "IoError",
    "NetworkError",
    "RemoteConfigCapabilities",
    "RemoteConfigProduct",
    "RequestError",
    "RequestFailedError",
    "ResultType",
    "SerializationError",
    "SpanData",
    "SpanEvent",
    "SpanLink",
    "TimedOutError",
    "TraceExporter",
    "dispatch",
    "dispatch_with_results",
    "flatten_key_value",
    "generate_128bit_trace_id",
    "has_listeners",
    "is_sequence",
    "on",
    "rand64bits",
    "reset",
]


def rand64bits() -> int:
    """A number of 64 random bits that is not zero."""
    return int.from_bytes(os.urandom(8), "big") or 1


def generate_128bit_trace_id() -> int:
    """A trace id: the time in seconds, 32 zeroes, 64 random bits."""
    return int(time.time()) << 96 | rand64bits()
