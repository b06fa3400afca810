"""Counting the rows of answers."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


SINGLE_KEY_COMMANDS = [
    "GET",
    "GETDEL",
    "GETEX",
    "GETRANGE",
    "GETSET",
    "LINDEX",
    "LRANGE",
    "RPOP",
    "LPOP",
    "HGET",
    "HGETALL",
    "HKEYS",
    "HMGET",
    "HRANDFIELD",
    "HVALS",
]
MULTI_KEY_COMMANDS = ["MGET"]
ROW_RETURNING_COMMANDS = SINGLE_KEY_COMMANDS + MULTI_KEY_COMMANDS


_NOTHING: tuple[Any, ...] = (None, b"", [], {})


def determine_row_count(redis_command: str, result: Any) -> int:
    """How many rows an answer has: one for each key that was found."""
    if redis_command in MULTI_KEY_COMMANDS and not isinstance(result, (str, bytes)):
        return sum(1 for value in result or () if value not in _NOTHING)
    if redis_command in MULTI_KEY_COMMANDS:
        return len(result)
    return 0 if result in _NOTHING else 1
