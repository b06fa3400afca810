"""The same for coroutines."""

from __future__ import annotations

from ddtrace._trace.pin import Pin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def with_traced_module(func: Any) -> Any:
    """As `trace_utils.with_traced_module`, for functions that are awaited."""

    def with_mod(mod: Any) -> Any:
        async def wrapper(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
            pin = Pin._find(instance, mod)
            if pin is None or not pin.enabled():
                return await wrapped(*args, **kwargs)
            return await func(mod, pin, wrapped, instance, args, kwargs)

        return wrapper

    return with_mod
