"""Where the active span or context is kept."""

from abc import ABC, abstractmethod
from typing import Any, Optional, Union

from ddtrace import _native
from ddtrace._native import DD_CONTEXTVAR as _DD_CONTEXTVAR
from ddtrace._native import Context, Span

ActiveTrace = Union[Span, Context]

__all__ = ["ActiveTrace", "BaseContextProvider", "DefaultContextProvider", "_DD_CONTEXTVAR"]


class BaseContextProvider(ABC):
    """Implement it to keep the active span somewhere else than in a context variable."""

    @abstractmethod
    def _has_active_context(self) -> bool:
        """Whether something is active."""

    def activate(self, ctx: Optional[ActiveTrace]) -> None:
        """Makes a span, a context or None the active one."""
        raise NotImplementedError

    @abstractmethod
    def active(self) -> Optional[ActiveTrace]:
        """The active span or context, or None."""

    def __call__(self, *args: Any, **kwargs: Any) -> Optional[ActiveTrace]:
        return self.active()


class DefaultContextProvider(BaseContextProvider):
    """Keeps the active span in the context variable `datadog_contextvar`."""

    def _has_active_context(self) -> bool:
        return self.active() is not None

    def activate(self, ctx: Optional[ActiveTrace]) -> None:
        _native.activate(ctx)

    def active(self) -> Optional[ActiveTrace]:
        return _native.active()
