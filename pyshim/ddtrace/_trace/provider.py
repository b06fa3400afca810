"""Where the active span or context is kept."""

from __future__ import annotations

from ddtrace import _native
from ddtrace._native import DD_CONTEXTVAR as _DD_CONTEXTVAR
from ddtrace._native import Context, Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

ActiveTrace: "TypeAlias" = "Span | Context"

__all__ = ["ActiveTrace", "BaseContextProvider", "DefaultContextProvider", "_DD_CONTEXTVAR"]


class BaseContextProvider:
    """Implement it to keep the active span somewhere else than in a context variable."""

    def __new__(cls, *args: Any, **kwargs: Any) -> BaseContextProvider:
        if cls is BaseContextProvider:
            raise TypeError(
                "Can't instantiate abstract class BaseContextProvider without an implementation "
                "for abstract methods '_has_active_context', 'active'"
            )
        return super().__new__(cls)

    def _has_active_context(self) -> bool:
        """Whether something is active."""
        raise NotImplementedError

    def activate(self, ctx: ActiveTrace | None) -> None:
        """Makes a span, a context or None the active one."""

    def active(self) -> ActiveTrace | None:
        """The active span or context, or None."""
        raise NotImplementedError

    def __call__(self, *args: Any, **kwargs: Any) -> ActiveTrace | None:
        return self.active()


class DefaultContextProvider(BaseContextProvider):
    """Keeps the active span in the context variable `datadog_contextvar`."""

    def _has_active_context(self) -> bool:
        return _DD_CONTEXTVAR.get() is not None

    def activate(self, ctx: ActiveTrace | None) -> None:
        """Makes a span, a context or None the active one."""
        _native.set_variable(ctx)

    def active(self) -> ActiveTrace | None:
        """The active span or context, or None."""
        found = _DD_CONTEXTVAR.get()
        return self._update_active(found) if isinstance(found, Span) else found

    def _update_active(self, span: Span) -> ActiveTrace | None:
        """The span while it is open, else what is active once it has ended."""
        if not span.finished:
            return span
        above = _native.open_above(span)
        self.activate(above)
        return above
