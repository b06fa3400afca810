"""Looking for wrappers, and taking them off."""

from __future__ import annotations

import inspect

from ddtrace.internal.compat import is_wrapted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["is_wrapted", "iswrapped", "unwrap"]


def iswrapped(obj: Any, attr: str | None = None) -> bool:
    """Whether an object, or an attribute of it, is wrapped."""
    if attr is not None:
        obj = getattr(obj, attr, None)
    return is_wrapted(obj) and hasattr(obj, "__wrapped__")


def unwrap(obj: Any, attr: str) -> None:
    """Puts back what an attribute was before it was wrapped."""
    if inspect.isclass(obj) and attr in vars(obj):
        wrapped = vars(obj)[attr]
    else:
        wrapped = getattr(obj, attr)
    setattr(obj, attr, wrapped.__wrapped__)
