"""References to other spans."""

from enum import Enum

from ddtrace._native import SpanLink

__all__ = ["SpanLink", "SpanLinkKind"]


class SpanLinkKind(Enum):
    """What a link is, in its attribute `link.kind`."""

    SPAN_POINTER = "span-pointer"
