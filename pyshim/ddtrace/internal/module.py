"""Watching imports."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

from ddtrace import _contrib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Hook = Callable[[ModuleType], None]


def origin(module: ModuleType) -> Path | None:
    """The file a module was read from."""
    try:
        file = object.__getattribute__(module, "__file__")
    except AttributeError:
        return None
    if not isinstance(file, str):
        return None
    path = Path(file)
    return path.with_suffix(".py") if path.suffix == ".pyc" else path


def is_module_installed(module_name: str) -> bool:
    """Whether a module could be imported."""
    from importlib.util import find_spec

    try:
        return find_spec(module_name) is not None
    except (ImportError, ValueError):
        return False


class ModuleWatchdog:
    """Calls hooks when modules have been imported, at once for those that are.

    >>> @ModuleWatchdog.after_module_imported("json")
    ... def imported(module): ...
    """

    _hooks: dict[str, list[Hook]] = {}

    @classmethod
    def install(cls) -> None:
        """Imports are watched from the start."""

    @classmethod
    def uninstall(cls) -> None:
        """Forgets all hooks."""
        ModuleWatchdog._hooks.clear()

    @classmethod
    def is_installed(cls) -> bool:
        """Whether imports are watched."""
        return True

    @classmethod
    def register_module_hook(cls, module: str, hook: Hook) -> None:
        """Calls `hook(module)` after each import of a module."""
        known = ModuleWatchdog._hooks
        if module in known:
            known[module].append(hook)
            loaded = sys.modules.get(module)
            if loaded is not None and not _is_loading(loaded):
                hook(loaded)
            return
        known[module] = [hook]

        def imported(loaded: ModuleType) -> None:
            for each in list(known.get(module, ())):
                try:
                    each(loaded)
                except Exception:
                    from ddtrace.internal.logger import get_logger

                    get_logger(__name__).debug("hook of %s failed", module, exc_info=True)

        _contrib.when_imported(module, imported)

    @classmethod
    def unregister_module_hook(cls, module: str, hook: Hook) -> None:
        """Forgets a hook; a ValueError when it is not there."""
        hooks = ModuleWatchdog._hooks.get(module)
        if not hooks or hook not in hooks:
            raise ValueError(f"Hook {hook} not registered for module {module}")
        hooks.remove(hook)

    @classmethod
    def after_module_imported(cls, module: str) -> Callable[[Hook], None]:
        """The same as a decorator."""

        def register(hook: Hook) -> None:
            cls.register_module_hook(module, hook)

        return register

    @classmethod
    def get_by_origin(cls, _origin: Path) -> ModuleType | None:
        """The imported module that was read from a file."""
        wanted = _origin.resolve()
        for module in list(sys.modules.values()):
            path = origin(module)
            if path is not None and path.name == wanted.name and path.resolve() == wanted:
                return module
        return None


BaseModuleWatchdog = ModuleWatchdog


def _is_loading(module: ModuleType) -> bool:
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))
