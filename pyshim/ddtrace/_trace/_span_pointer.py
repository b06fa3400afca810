"""Links to things outside of traces: objects in a store, records of a table."""

from enum import Enum
from hashlib import sha256
from typing import Any, NamedTuple, Optional, Union

__all__ = ["_SpanPointerDescription", "_SpanPointerDirection", "_standard_hashing_function"]


class _SpanPointerDirection(Enum):
    UPSTREAM = "u"
    DOWNSTREAM = "d"


class _SpanPointerDescription(NamedTuple):
    pointer_kind: str
    pointer_direction: _SpanPointerDirection
    pointer_hash: str
    extra_attributes: Optional[dict[str, Any]] = None


def _standard_hashing_function(*elements: Union[bytes, str]) -> str:
    """The first 32 digits of the SHA-256 of the elements, joined by `|`."""
    parts = [part.encode() if isinstance(part, str) else part for part in elements]
    return sha256(b"|".join(parts)).hexdigest()[:32]
