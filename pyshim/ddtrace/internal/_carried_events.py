"""Events of work that goes on elsewhere: in a thread of a pool, in a task. Nothing is changed
until somebody listens."""

from __future__ import annotations

import functools
from typing import Any

from ddtrace.internal.core.event_hub import dispatch, dispatch_with_results

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_told: set[str] = set()


def tell(event_id: str) -> None:
    """From now on the event is told, once its module is there."""
    module, change = _CHANGES[event_id]
    if module in _told:
        return
    _told.add(module)
    import sys

    if module in sys.modules:
        change(sys.modules[module])
        return
    from ddtrace.internal.module import ModuleWatchdog

    ModuleWatchdog.register_module_hook(module, change)


def _change_pools(module: Any) -> None:
    pools = module.ThreadPoolExecutor
    submit = pools.submit

    @functools.wraps(submit)
    def tells_submit(self: Any, *args: Any, **kwargs: Any) -> Any:
        context = dispatch_with_results("threading.submit").llmobs_ctx.value
        if context is not None and args:
            args = (functools.partial(_execute, context, args[0]), *args[1:])
        return submit(self, *args, **kwargs)

    pools.submit = tells_submit


def _execute(context: Any, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    dispatch("threading.execution", (context,))
    return function(*args, **kwargs)


def _change_loops(module: Any) -> None:
    loops = module.BaseEventLoop
    create_task = loops.create_task

    @functools.wraps(create_task)
    def tells_create_task(self: Any, coro: Any, **kwargs: Any) -> Any:
        from ddtrace._trace.tracer import tracer

        data: dict[Any, Any] = {}
        dispatch("asyncio.create_task", (data,))
        if tracer.current_trace_context() is not None:
            coro = _named_like(coro, _run(coro, data))
        return create_task(self, coro, **kwargs)

    loops.create_task = tells_create_task


async def _run(coro: Any, data: dict[Any, Any]) -> Any:
    dispatch("asyncio.execute_task", (data,))
    return await coro


def _named_like(coro: Any, other: Any) -> Any:
    for attribute in ("__name__", "__qualname__"):
        if hasattr(coro, attribute):
            setattr(other, attribute, getattr(coro, attribute))
    return other


_CHANGES = {
    "threading.submit": ("concurrent.futures.thread", _change_pools),
    "threading.execution": ("concurrent.futures.thread", _change_pools),
    "asyncio.create_task": ("asyncio.base_events", _change_loops),
    "asyncio.execute_task": ("asyncio.base_events", _change_loops),
}
EVENTS = frozenset(_CHANGES)
