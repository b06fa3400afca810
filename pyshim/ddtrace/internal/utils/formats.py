"""Values as they are written in settings and tags."""

from __future__ import annotations

from ddtrace.internal.compat import ensure_text
from ddtrace.internal.constants import MAX_UINT_64BITS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "CMD_MAX_LEN",
    "MAX_UINT_64BITS",
    "VALUE_MAX_LEN",
    "VALUE_PLACEHOLDER",
    "VALUE_TOO_LONG_MARK",
    "asbool",
    "deep_getattr",
    "ensure_text",
    "flatten_key_value",
    "format_trace_id",
    "get_test_session_token",
    "is_sequence",
    "parse_tags_str",
    "stringify_cache_args",
]

VALUE_PLACEHOLDER = "?"
VALUE_MAX_LEN = 100
VALUE_TOO_LONG_MARK = "..."
CMD_MAX_LEN = 1000


def asbool(value: str | bool | None) -> bool:
    """True for True, "1" and "true" in any case; False for all else."""
    if value is None or isinstance(value, bool):
        return bool(value)
    return value.lower() in ("true", "1")


def deep_getattr(obj: Any, attr_string: str, default: Any | None = None) -> Any | None:
    """`obj.a.b.c` for "a.b.c", or `default` when one of them is missing."""
    for name in attr_string.split("."):
        try:
            obj = getattr(obj, name)
        except AttributeError:
            return default
    return obj


def parse_tags_str(tags_str: str | None, sep: str | None = None) -> dict[str, str]:
    """ "a:b,c:d" or "a:b c:d" as a dictionary; the comma separates when there is one."""
    text = tags_str or ""
    if sep is None:
        sep = "," if "," in text else " "
    out = {}
    for piece in text.split(sep):
        key, _, value = piece.partition(":")
        if key.strip():
            out[key.strip()] = value.strip()
    return out


def stringify_cache_args(
    args: list[Any], value_max_len: int = VALUE_MAX_LEN, cmd_max_len: int = CMD_MAX_LEN
) -> str:
    """A command with its arguments as one text, both cut to size."""
    out: list[str] = []
    length = 0
    for arg in args:
        try:
            if isinstance(arg, bytes):
                text = arg.decode("utf-8", errors="backslashreplace")
            else:
                text = str(arg)
        except Exception:
            text = VALUE_PLACEHOLDER
        if len(text) > value_max_len:
            text = text[:value_max_len] + VALUE_TOO_LONG_MARK
        if length + len(text) > cmd_max_len:
            out.append(text[: cmd_max_len - length] + VALUE_TOO_LONG_MARK)
            break
        out.append(text)
        length += len(text)
    return " ".join(out)


def is_sequence(obj: Any) -> bool:
    """Whether it is a list, a tuple or a set."""
    return isinstance(obj, (list, tuple, set, frozenset))


def flatten_key_value(root_key: str, value: Any) -> dict[str, Any]:
    """`{"k.0": ..., "k.1.0": ...}` for a list that may hold lists."""
    if not is_sequence(value):
        return {root_key: value}
    out: dict[str, Any] = {}
    for index, item in enumerate(value):
        out.update(flatten_key_value(f"{root_key}.{index}", item))
    return out


def format_trace_id(trace_id: int) -> str:
    """A trace id as logs show it: wide ones as 32 hexadecimal digits, others as a number."""
    return f"{trace_id:032x}" if trace_id > MAX_UINT_64BITS else str(trace_id)




def get_test_session_token() -> str | None:
    """The session of a test agent that requests of this process belong to, or None."""
    import os

    headers = parse_tags_str(os.environ.get("_DD_TRACE_WRITER_ADDITIONAL_HEADERS"))
    return headers.get("X-Datadog-Test-Session-Token")
