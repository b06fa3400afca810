"""The header `tracestate`: members, and what fits."""

from __future__ import annotations

import re

from ddtrace.internal.constants import (
    DD_TRACE_TRACESTATE_ITEM_MAX_CHARS,
    DD_TRACE_TRACESTATE_MAX_BYTES,
    DD_TRACE_TRACESTATE_MAX_ITEMS,
)
from ddtrace.internal.utils.cache import cached

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ddtrace._trace.context import Context

_W3C_TRACESTATE_INVALID_CHARS_REGEX_VALUE = re.compile(r",|;|~|[^\x20-\x7E]+")
_W3C_TRACESTATE_INVALID_CHARS_REGEX_KEY = re.compile(r",| |=|[^\x20-\x7E]+")


@cached()
def w3c_encode_tag(args: tuple[re.Pattern[str], str, str]) -> str:
    """A text as a value of `tracestate`: a pattern, what replaces its matches, the text."""
    pattern, replacement, text = args
    return pattern.sub(replacement, text).replace("=", "~")


def w3c_get_dd_list_member(context: Context) -> str:
    """What the member `dd` of a context says, without the id of a span."""
    return dict(context._tracestate_entries()).get("dd", "")


def w3c_get_tracestate_list_member(tracestate: str, key: str) -> str | None:
    """The value of a member, or None."""
    for member in tracestate.split(","):
        name, equals, value = member.strip().partition("=")
        if equals and name == key:
            return value
    return None


def w3c_update_tracestate_list_member(tracestate: str, key: str, value: str | None) -> str:
    """With another value for a member; without the member when the value is None."""
    members = [member for member in tracestate.split(",") if member]
    place = next((i for i, m in enumerate(members) if m.strip().startswith(f"{key}=")), None)
    if place is None:
        members += [] if value is None else [f"{key}={value}"]
    elif value is None:
        del members[place]
    else:
        members[place] = f"{key}={value}"
    members.sort(key=lambda member: not member.startswith("dd="))
    return ",".join(members)


def w3c_tracestate_add_p(tracestate: str, span_id: int) -> str:
    """With the id of a span as the first fact of the member `dd`."""
    fact = f"p:{span_id:016x}"
    members = tracestate.split(",") if tracestate else []
    for i, member in enumerate(members):
        if member.startswith("dd="):
            members[i] = f"dd={fact};{member[3:]}"
            return ",".join(members)
    return ",".join([f"dd={fact}", *members])


def w3c_build_tracestate_members(tracestate: str, dd_list_member: str = "") -> list[str]:
    """The members of a header, `dd` first: the one given, or else its own last one."""
    members = [member for member in map(str.strip, tracestate.split(",")) if member]
    own = [member for member in members if member.startswith("dd=")]
    others = [member for member in members if not member.startswith("dd=")]
    first = [f"dd={dd_list_member}"] if dd_list_member else own[-1:]
    return first + others


def _w3c_tracestate_member_exceeds_item_char_cap(member: str) -> bool:
    return len(member) > DD_TRACE_TRACESTATE_ITEM_MAX_CHARS


def w3c_tracestate_members_after_limits(members: list[str]) -> list[str]:
    """Those that fit in a header; a member `dd` at the front always does."""
    kept = 1 if members and members[0].startswith("dd=") else 0
    items = list(members)
    for i in range(len(items) - 1, kept - 1, -1):
        if len(items) <= DD_TRACE_TRACESTATE_MAX_ITEMS:
            break
        if _w3c_tracestate_member_exceeds_item_char_cap(items[i]):
            del items[i]
    del items[DD_TRACE_TRACESTATE_MAX_ITEMS:]
    taken = items[:kept]
    size = len(",".join(taken).encode())
    for member in items[kept:]:
        grown = size + len(member.encode()) + (1 if taken else 0)
        if grown <= DD_TRACE_TRACESTATE_MAX_BYTES:
            taken.append(member)
            size = grown
        elif not _w3c_tracestate_member_exceeds_item_char_cap(member):
            break
    return taken
