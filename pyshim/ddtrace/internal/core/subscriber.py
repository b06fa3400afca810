"""Listeners that are classes."""

from __future__ import annotations

from types import TracebackType
from typing import Any, ClassVar, Generic

from ddtrace.internal.core import ExecutionContext, event_hub
from ddtrace.internal.core.events import EventType


def _own(cls: type, name: str, root: type) -> tuple[Any, ...]:
    """What the bases and the class itself define, base before derived."""
    return tuple(
        vars(base)[name].__func__
        for base in reversed(cls.__mro__)
        if name in vars(base) and base is not root
    )


class Subscriber:
    """Listens to the events of `event_names` as soon as the class is made."""

    event_names: ClassVar[tuple[str, ...]] = ()
    auto_register = True
    _event_handlers: ClassVar[tuple[Any, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._event_handlers = _own(cls, "on_event", Subscriber)
        if "event_names" in vars(cls) and cls.auto_register:
            cls.register()

    @classmethod
    def register(cls) -> None:
        """Listens."""
        for name in cls.event_names:
            event_hub.on(name, cls._on_event, name=cls.__name__)

    @classmethod
    def unregister(cls) -> None:
        """Stops listening."""
        for name in cls.event_names:
            event_hub.reset(name, cls._on_event)

    @classmethod
    def on_event(cls, event_instance: Any) -> None:
        """What is to be done."""

    @classmethod
    def _on_event(cls, event_instance: Any) -> None:
        for handler in cls._event_handlers:
            handler(cls, event_instance)


class ContextSubscriber(Generic[EventType]):
    """Listens to the beginnings and ends of contexts."""

    event_names: ClassVar[tuple[str, ...]] = ()
    auto_register = True
    _started_handlers: ClassVar[tuple[Any, ...]] = ()
    _ended_handlers: ClassVar[tuple[Any, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._started_handlers = _own(cls, "on_started", ContextSubscriber)
        cls._ended_handlers = _own(cls, "on_ended", ContextSubscriber)
        if "event_names" in vars(cls) and cls.auto_register:
            cls.register()

    @classmethod
    def register(cls) -> None:
        """Listens."""
        for name in cls.event_names:
            event_hub.on(
                f"context.started.{name}", cls._on_context_started, f"{cls.__name__}.started"
            )
            event_hub.on(f"context.ended.{name}", cls._on_context_ended, f"{cls.__name__}.ended")

    @classmethod
    def unregister(cls) -> None:
        """Stops listening."""
        for name in cls.event_names:
            event_hub.reset(f"context.started.{name}", cls._on_context_started)
            event_hub.reset(f"context.ended.{name}", cls._on_context_ended)

    @classmethod
    def on_started(cls, ctx: ExecutionContext[EventType]) -> None:
        """What is to be done first."""

    @classmethod
    def on_ended(
        cls,
        ctx: ExecutionContext[EventType],
        exc_info: tuple[type | None, BaseException | None, TracebackType | None],
    ) -> None:
        """What is to be done at last."""

    @classmethod
    def _on_context_started(cls, ctx: ExecutionContext[EventType]) -> None:
        for handler in cls._started_handlers:
            handler(cls, ctx)

    @classmethod
    def _on_context_ended(
        cls,
        ctx: ExecutionContext[EventType],
        exc_info: tuple[type | None, BaseException | None, TracebackType | None],
    ) -> None:
        for handler in cls._ended_handlers:
            handler(cls, ctx, exc_info)
