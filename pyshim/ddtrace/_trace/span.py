"""`Span`, made by the native core."""

from ddtrace._native import Span

__all__ = ["Span"]
