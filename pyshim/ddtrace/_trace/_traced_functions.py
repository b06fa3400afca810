"""Spans around functions that DD_TRACE_METHODS names."""

from __future__ import annotations

import inspect

from ddtrace._trace._wrap import wrap_function
from ddtrace.trace import tracer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    from ddtrace._native import Span


def trace_function(module: ModuleType, path: str) -> None:
    """Puts a span around `function` or `Class.method` of a module; an error when there is none."""
    above, _, name = path.rpartition(".")
    holder: Any = module
    for part in above.split(".") if above else ():
        holder = getattr(holder, part)
    found = inspect.getattr_static(holder, name)
    plain = found.__func__ if isinstance(found, (staticmethod, classmethod)) else found
    if not callable(plain) or isinstance(plain, type):
        raise TypeError(f"{path} is no function")
    belongs = isinstance(holder, type) and not isinstance(found, staticmethod)

    def start(arguments: tuple[Any, ...]) -> Span:
        resource = name
        if belongs and arguments:
            owner = arguments[0]
            resource = f"{(owner if isinstance(owner, type) else type(owner)).__name__}.{name}"
        span = tracer.trace("trace.annotation", resource=resource)
        span.set_tag("component", "trace")
        return span

    traced: Any = wrap_function(plain, start, lambda: None)
    setattr(holder, name, type(found)(traced) if plain is not found else traced)
