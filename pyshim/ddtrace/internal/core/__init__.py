"""Events, and contexts: what is known about the work in progress, as a tree.

>>> with context_with_data("work", order=7):
...     find_item("order")
7
"""

from __future__ import annotations

from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, Generic

from ddtrace.internal.core.event_hub import (
    EventResultDict,
    dispatch,
    dispatch_event,
    dispatch_with_results,
    has_listeners,
    on,
)
from ddtrace.internal.core.event_hub import reset as reset_listeners
from ddtrace.internal.core.events import EventType

__all__ = [
    "EventResultDict",
    "EventType",
    "ExecutionContext",
    "ROOT_CONTEXT_ID",
    "add_suppress_exception",
    "context_with_data",
    "context_with_event",
    "current",
    "discard_item",
    "discard_local_item",
    "dispatch",
    "dispatch_event",
    "dispatch_with_results",
    "find_item",
    "find_items",
    "get_item",
    "get_items",
    "has_listeners",
    "on",
    "reset_listeners",
    "root",
    "set_item",
    "set_items",
    "set_safe",
]

ROOT_CONTEXT_ID = "__root"
_MISSING = object()


class ExecutionContext(Generic[EventType]):
    """A piece of work: its data, the event it is about, and the work around it."""

    __slots__ = (
        "_data",
        "_dispatch_end_event",
        "_end_event_dispatched",
        "_event",
        "_parent",
        "_suppress_exceptions",
        "_token",
        "identifier",
    )

    def __init__(
        self,
        identifier: str,
        parent: ExecutionContext[Any] | None = None,
        event: EventType | None = None,
        dispatch_end_event: bool = True,
        **kwargs: Any,
    ) -> None:
        self.identifier = identifier
        self._parent = parent
        self._event = event
        self._dispatch_end_event = dispatch_end_event
        self._end_event_dispatched = False
        self._suppress_exceptions: list[type] = []
        self._token: Token[ExecutionContext[Any]] | None = None
        self._data: dict[str, Any] = kwargs

    def __repr__(self) -> str:
        return f"{type(self).__name__} {self.identifier!r} @ {id(self)}"

    @property
    def event(self) -> EventType:
        """The event of `context_with_event`."""
        if self._event is None:
            raise AttributeError(
                "ExecutionContext has no event. Use context_with_event(...)"
            )
        return self._event

    @property
    def parent(self) -> ExecutionContext[Any] | None:
        """The work around it; may be set once."""
        return self._parent

    @parent.setter
    def parent(self, value: ExecutionContext[Any]) -> None:
        if self._parent is not None:
            raise ValueError("Cannot overwrite ExecutionContext parent")
        self._parent = value

    def __enter__(self) -> ExecutionContext[EventType]:
        if self._parent is None:
            self._parent = _CURRENT_CONTEXT.get()
        self._token = _CURRENT_CONTEXT.set(self)
        try:
            dispatch(f"context.started.{self.identifier}", (self,))
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(
        self,
        exc_type: type | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        try:
            if self._dispatch_end_event:
                self.dispatch_ended_event(exc_type, exc_value, traceback)
        finally:
            self._leave()
        if exc_type is None:
            return True
        return any(issubclass(exc_type, kind) for kind in self._suppress_exceptions)

    def _leave(self) -> None:
        if self._token is None:
            return
        try:
            _CURRENT_CONTEXT.reset(self._token)
        except (LookupError, ValueError):
            from ddtrace.internal.logger import get_logger

            get_logger(__name__).debug(
                "ExecutionContext %s ended in another context than it began", self.identifier
            )

    def dispatch_ended_event(
        self,
        exc_type: type | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        """Tells that the work has ended, once."""
        if self._end_event_dispatched:
            return
        self._end_event_dispatched = True
        dispatch(f"context.ended.{self.identifier}", (self, (exc_type, exc_value, traceback)))

    def add_suppress_exception(self, exc_type: type) -> None:
        """Such an exception ends with this work."""
        self._suppress_exceptions.append(exc_type)

    def root(self) -> ExecutionContext[Any]:
        """The outermost work."""
        context: ExecutionContext[Any] = self
        while context._parent is not None:
            context = context._parent
        return context

    def get_item(self, data_key: str, default: Any | None = None) -> Any:
        """What is known here."""
        return self._data.get(data_key, default)

    def get_items(self, data_keys: list[str]) -> list[Any | None]:
        """The same for several keys."""
        return [self._data.get(key) for key in data_keys]

    def _find(self, data_key: str) -> Any:
        context: ExecutionContext[Any] | None = self
        while context is not None:
            if data_key in context._data:
                return context._data[data_key]
            context = context._parent
        return _MISSING

    def find_item(self, data_key: str, default: Any | None = None) -> Any:
        """What is known here or around."""
        found = self._find(data_key)
        return default if found is _MISSING else found

    def find_items(self, data_keys: list[str]) -> list[Any | None]:
        """The same for several keys."""
        return [self.find_item(key) for key in data_keys]

    def __getitem__(self, key: str) -> Any:
        found = self._find(key)
        if found is _MISSING:
            raise KeyError
        return found

    def set_item(self, data_key: str, data_value: Any | None) -> None:
        """Keeps something here."""
        self._data[data_key] = data_value

    def set_items(self, keys_values: dict[str, Any | None]) -> None:
        """The same for several keys."""
        self._data.update(keys_values)

    def set_safe(self, data_key: str, data_value: Any | None) -> None:
        """The same, for what is not there yet; a ValueError otherwise."""
        if data_key in self._data:
            raise ValueError("Cannot overwrite ExecutionContext data key '%s'", data_key)
        self._data[data_key] = data_value

    def discard_item(self, data_key: str) -> None:
        """Forgets it, here or at the first place around that has it."""
        context: ExecutionContext[Any] | None = self
        while context is not None:
            if data_key in context._data:
                del context._data[data_key]
                return
            context = context._parent

    def discard_local_item(self, data_key: str) -> None:
        """Forgets it here."""
        self._data.pop(data_key, None)


_CONTEXT_CLASS = ExecutionContext
_ROOT: ExecutionContext[Any] = ExecutionContext(ROOT_CONTEXT_ID)
_CURRENT_CONTEXT: ContextVar[ExecutionContext[Any]] = ContextVar(
    "ExecutionContext_var", default=_ROOT
)

current: ExecutionContext[Any]
root: ExecutionContext[Any]


def __getattr__(name: str) -> Any:
    if name == "current":
        return _CURRENT_CONTEXT.get()
    if name == "root":
        return _root()
    if name == "tracer":
        return _root().get_item("tracer")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _root() -> ExecutionContext[Any]:
    top = _CURRENT_CONTEXT.get().root()
    if top is _ROOT and "tracer" not in top._data:
        from ddtrace._trace.tracer import tracer

        top._data["tracer"] = tracer
    return top


def _reset_context() -> None:
    _CURRENT_CONTEXT.set(_ROOT)


def context_with_data(
    identifier: str, parent: ExecutionContext[Any] | None = None, **kwargs: Any
) -> ExecutionContext[Any]:
    """A context manager around a piece of work."""
    return _CONTEXT_CLASS(identifier, parent or _CURRENT_CONTEXT.get(), **kwargs)


def context_with_event(
    event: EventType,
    parent: ExecutionContext[Any] | None = None,
    context_name_override: str | None = None,
    dispatch_end_event: bool = True,
) -> ExecutionContext[EventType]:
    """A context manager around the work that an event is about."""
    return _CONTEXT_CLASS(
        context_name_override or event.event_name,
        parent or _CURRENT_CONTEXT.get(),
        event,
        dispatch_end_event,
    )


def add_suppress_exception(exc_type: type) -> None:
    """Such an exception ends with the current work."""
    _CURRENT_CONTEXT.get().add_suppress_exception(exc_type)


def get_item(data_key: str, default: Any | None = None) -> Any:
    """What the current work knows."""
    return _CURRENT_CONTEXT.get().get_item(data_key, default)


def get_items(data_keys: list[str]) -> list[Any | None]:
    """The same for several keys."""
    return _CURRENT_CONTEXT.get().get_items(data_keys)


def find_item(data_key: str, default: Any | None = None) -> Any:
    """What the current work, or that around it, knows."""
    return _CURRENT_CONTEXT.get().find_item(data_key, default)


def find_items(data_keys: list[str]) -> list[Any | None]:
    """The same for several keys."""
    return _CURRENT_CONTEXT.get().find_items(data_keys)


def set_item(data_key: str, data_value: Any | None) -> None:
    """Keeps something with the current work."""
    _CURRENT_CONTEXT.get().set_item(data_key, data_value)


def set_items(keys_values: dict[str, Any | None]) -> None:
    """The same for several keys."""
    _CURRENT_CONTEXT.get().set_items(keys_values)


def set_safe(data_key: str, data_value: Any | None) -> None:
    """The same, for what is not there yet; a ValueError otherwise."""
    _CURRENT_CONTEXT.get().set_safe(data_key, data_value)


def discard_item(data_key: str) -> None:
    """Forgets it, in the current work or around it."""
    _CURRENT_CONTEXT.get().discard_item(data_key)


def discard_local_item(data_key: str) -> None:
    """Forgets it in the current work."""
    _CURRENT_CONTEXT.get().discard_local_item(data_key)
