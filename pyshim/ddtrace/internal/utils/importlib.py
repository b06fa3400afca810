"""Names of functions and modules."""

from __future__ import annotations

from importlib import import_module
from types import TracebackType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class require_modules:
    """Tries modules: `with require_modules(["flask"]) as missing:` gives those that are not there."""

    def __init__(self, modules: list[str]) -> None:
        self._missing_modules = []
        for module in modules:
            try:
                import_module(module)
            except ImportError:
                self._missing_modules.append(module)

    def __enter__(self) -> list[str]:
        return self._missing_modules

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        return None


def module_name(instance: Any) -> str:
    """The first part of the module an object's class comes from."""
    return str(type(instance).__module__).partition(".")[0]


def func_name(f: Callable[..., Any]) -> str:
    """The name of a function with its module, or of what is called like one."""
    module = getattr(f, "__module__", None)
    name = getattr(f, "__name__", type(f).__name__)
    return f"{module}.{name}" if module else str(name)
