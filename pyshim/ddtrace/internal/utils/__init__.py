"""Small things that integrations need."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    class Block_config(Protocol):  # noqa: N801
        """How a request was blocked."""

        def get(self, key: str, default: Any = None) -> str | int:
            """One of its facts."""


class ArgumentError(Exception):
    """An argument that was asked for is not there."""


def get_argument_value(
    args: tuple[Any, ...] | list[Any],
    kwargs: dict[str, Any],
    pos: int,
    kw: str,
    optional: bool = False,
) -> Any | None:
    """An argument by its name, else by its position.

    Raises `ArgumentError` when it was not given, or gives None when it is optional.
    """
    if kw in kwargs:
        return kwargs[kw]
    if 0 <= pos < len(args):
        return args[pos]
    if optional:
        return None
    raise ArgumentError(f"{kw} (at position {pos})")


def set_argument_value(
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    pos: int,
    kw: str,
    value: Any,
    override_unset: bool = False,
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments with one of them replaced; one that was not given is an `ArgumentError`."""
    if 0 <= pos < len(args):
        return (*args[:pos], value, *args[pos + 1 :]), kwargs
    if kw in kwargs or override_unset:
        return args, {**kwargs, kw: value}
    raise ArgumentError(f"{kw} (at position {pos}) is invalid")


def _get_metas_to_propagate(context: Any) -> list[tuple[str, str]]:
    """What of a context's tags travels with requests."""
    return [(key, value) for key, value in context._meta.items() if key.startswith("_dd.p.")]


def _human_size(nbytes: float) -> str:
    """A size as people read it."""
    for unit in ("B", "KB", "MB", "GB", "TB", "PB"):
        if nbytes < 1000 or unit == "PB":
            break
        nbytes /= 1000
    return f"{nbytes:.2f}".rstrip("0").rstrip(".") + unit


def get_blocked() -> Block_config | None:
    """How the request at hand was blocked; None when it was not."""
    from ddtrace.internal import core

    return core.dispatch_with_results("asm.get_blocked").block_config.value  # type: ignore[no-any-return]


def set_blocked(block_settings: dict[str, Any] | None = None) -> None:
    """Marks the request at hand as blocked."""
    from ddtrace.internal import core

    core.dispatch("asm.set_blocked", (block_settings,))
