"""Exceptions that end a request, and how to find one."""

from __future__ import annotations

from typing import TypeVar

E = TypeVar("E", bound=BaseException)


class DDBlockException(BaseException):
    """Ends what the application is doing; `except Exception` lets it pass."""


class BlockingException(DDBlockException):
    """Ends a request: the web framework answers in place of the application."""


def find_exception(exc: BaseException, exception_type: type[E]) -> E | None:
    """The exception itself, or the first of that type in its group or among its causes."""
    if isinstance(exc, exception_type):
        return exc
    for part in getattr(exc, "exceptions", ()):
        if found := find_exception(part, exception_type):
            return found
    return None
