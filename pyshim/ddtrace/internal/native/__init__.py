"""What is native."""

from ddtrace.internal.native._native import generate_128bit_trace_id, rand64bits

__all__ = ["generate_128bit_trace_id", "rand64bits"]
