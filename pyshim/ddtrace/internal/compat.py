"""Differences between Python versions, and small conversions."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PYTHON_VERSION_INFO = sys.version_info
PYTHON_VERSION = ".".join(str(part) for part in sys.version_info[:3])
PYTHON_INTERPRETER = {"cpython": "CPython"}.get(sys.implementation.name, sys.implementation.name)
MAX_PY = (3, 14)
NEXT_MAX_PY = (3, 15)
NEXT_PY_UNSUPPORTED_MSG = (
    "This version of CPython is not supported yet: "
    f"{sys.version_info.major}.{sys.version_info.minor}"
)
NO_EXCEPTION = (None, None, None)


def ensure_text(s: str | bytes, encoding: str = "utf-8", errors: str = "ignore") -> str:
    """A text as it is, bytes decoded."""
    if isinstance(s, str):
        return s
    if isinstance(s, bytes):
        return s.decode(encoding, errors)
    raise TypeError(f"Expected str or bytes but received {type(s)!r}")


def ensure_binary(s: str | bytes, encoding: str = "utf-8", errors: str = "ignore") -> bytes:
    """Bytes as they are, a text encoded."""
    if isinstance(s, bytes):
        return s
    if isinstance(s, str):
        return s.encode(encoding, errors)
    raise TypeError(f"Expected str or bytes but received {type(s)!r}")


def is_integer(obj: Any) -> bool:
    """Whether it is an integer and no bool."""
    return isinstance(obj, int) and not isinstance(obj, bool)


def maybe_stringify(obj: Any) -> str | None:
    """`str(obj)`, or None for None."""
    return None if obj is None else str(obj)


def is_at_least_py(major: int, minor: int, version: tuple[int, ...] | None = None) -> bool:
    """Whether this Python, or `version`, is that one or a later one."""
    return (version or sys.version_info)[:2] >= (major, minor)


def is_at_most_py(major: int, minor: int, version: tuple[int, ...] | None = None) -> bool:
    """Whether this Python, or `version`, is that one or an earlier one."""
    return (version or sys.version_info)[:2] <= (major, minor)


def is_supported_python_version(version: tuple[int, ...] | None = None) -> bool:
    """Whether this Python, or `version`, is supported."""
    return (version or sys.version_info)[:2] <= MAX_PY


def is_wrapted(o: object) -> bool:
    """Whether it is a proxy or a wrapper, ours or one of `wrapt`."""
    from ddtrace.internal._wrap import is_wrapper

    return is_wrapper(o)


def ip_is_global(ip: str) -> bool:
    """Whether an address is one of the public Internet; raises ValueError for no address."""
    import ipaddress

    return ipaddress.ip_address(ip).is_global


def is_valid_ip(ip: str) -> bool:
    """Whether it is an address."""
    import ipaddress

    try:
        ipaddress.ip_address(ip)
    except ValueError:
        return False
    return True


def get_mp_context() -> Any:
    """How child processes are made by default here."""
    import multiprocessing

    return multiprocessing.get_context("fork" if sys.platform != "win32" else "spawn")
