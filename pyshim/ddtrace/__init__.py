"""Tracing of Python programs, native in this interpreter.

>>> from ddtrace.trace import tracer
>>> with tracer.trace("work"):
...     pass
"""

from typing import Any

from ddtrace.version import __version__

__all__ = ["DDTraceDeprecationWarning", "__version__"]


class DDTraceDeprecationWarning(DeprecationWarning):
    """Something used here will go away."""


def __getattr__(name: str) -> Any:
    if name == "tracer":
        from ddtrace._trace.tracer import tracer

        return tracer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
