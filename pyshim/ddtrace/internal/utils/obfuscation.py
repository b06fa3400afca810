"""Code that was made unreadable, and so cannot be changed."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType

_ARMOR_MARKERS = frozenset({"__armor_enter__", "__armor_exit__"})
_RUNTIME_MODULE_PREFIXES = ("pytransform", "pyarmor_runtime")


class ObfuscatedCodeError(Exception):
    """Code cannot be changed."""


def is_obfuscated_code(code: CodeType) -> bool:
    """Whether a tool that hides code has made this one."""
    if not any(name.startswith(_RUNTIME_MODULE_PREFIXES) for name in tuple(sys.modules)):
        return False
    return not _ARMOR_MARKERS.isdisjoint(code.co_names)
