"""`Context`, made by the native core."""

from ddtrace._native import Context

__all__ = ["Context"]
