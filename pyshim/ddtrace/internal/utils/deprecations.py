"""Warning of what will go away."""

from __future__ import annotations

import warnings

from ddtrace import DDTraceDeprecationWarning

__all__ = ["DDTraceDeprecationWarning", "deprecate", "generate_message"]


def generate_message(
    prefix: str,
    postfix: str | None = None,
    message: str | None = None,
    version: str | None = None,
    removal_version: str | None = None,
) -> str:
    """The sentence of a warning."""
    parts = [prefix]
    if version is not None:
        parts.append(f" in version {version!r}")
    if removal_version is not None:
        parts.append(f" and will be removed in version {removal_version!r}")
    if postfix is not None:
        parts.append(postfix)
    if message is not None:
        parts.append(f": {message}")
    return "".join(parts)


def deprecate(
    prefix: str,
    postfix: str | None = None,
    message: str | None = None,
    version: str | None = None,
    removal_version: str | None = None,
    stacklevel: int = 3,
    category: type[DeprecationWarning] = DDTraceDeprecationWarning,
) -> None:
    """Warns, in the name of the caller's caller."""
    warnings.warn(
        generate_message(prefix, postfix, message, version, removal_version),
        category=category,
        stacklevel=stacklevel,
    )
