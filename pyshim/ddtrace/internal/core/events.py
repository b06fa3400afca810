"""Events that are objects."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field
from typing import Any, TypeVar


@dataclass
class Event:
    """Subclass it as a dataclass, with the name its listeners know it by."""

    event_name = ""


EventType = TypeVar("EventType", bound=Event)


def event_field(default: Any = MISSING, default_factory: Any = MISSING) -> Any:
    """A field of an event that need not be given."""
    if default is not MISSING:
        return field(default=default, kw_only=True)
    if default_factory is not MISSING:
        return field(default_factory=default_factory, kw_only=True)
    return field(kw_only=True)
