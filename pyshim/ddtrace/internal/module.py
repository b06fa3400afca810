"""Watching imports."""

from __future__ import annotations

import abc
import sys
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from ddtrace import _contrib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.machinery import ModuleSpec
    from typing import Union

    Hook = Callable[[ModuleType], None]
    LoaderHook = Callable[[Any, ModuleType], None]
    Condition = Union[str, Callable[[str], bool]]


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


class _ImportHookChainedLoader:
    """Stands in front of a module's loader and calls those who watch."""

    def __init__(self, loader: Any, spec: ModuleSpec) -> None:
        self.loader = loader
        self.spec = spec

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """What the loader makes."""
        created: ModuleType | None = self.loader.create_module(spec)
        return created

    def exec_module(self, module: ModuleType) -> None:
        """Runs the module, or lets a hook do it."""
        module.__loader__ = self.loader
        name = module.__name__
        try:
            hook = _first(_pre_exec_hooks, name)
            if hook is not None:
                hook(self, module)
            else:
                self._run(module)
        except BaseException:
            caught = _first(_exception_hooks, name)
            if caught is not None:
                caught(self, module)
            raise
        path = origin(module)
        hooks = _origin_hooks.get(path.resolve(), ()) if path is not None else ()
        for watcher in list(_watchers):
            _quietly(watcher.after_import, module)
        for each in list(hooks):
            _quietly(each, module)

    def _run(self, module: ModuleType) -> None:
        changing = [w for w in _watchers if type(w).transform is not BaseModuleWatchdog.transform]
        code = None
        if changing and hasattr(self.loader, "get_code"):
            code = self.loader.get_code(module.__name__)
        if code is None:
            self.loader.exec_module(module)
            return
        for watcher in changing:
            code = watcher.transform(code, module)
        exec(code, module.__dict__)


class _Finder:
    """First among the finders once somebody watches: others find, and loaders are stood for."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """The spec that the other finders have, with our loader."""
        for finder in list(sys.meta_path):
            find = None if finder is self else getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = find(fullname, path, target) if find else None
            if spec is not None:
                if spec.loader is not None and hasattr(spec.loader, "exec_module"):
                    chained: Any = _ImportHookChainedLoader(spec.loader, spec)
                    spec.loader = chained
                return spec
        return None


_finder = _Finder()
_watchers: list[BaseModuleWatchdog] = []
_origin_hooks: dict[Path, list[Hook]] = {}
_pre_exec_hooks: dict[tuple[Condition, LoaderHook], None] = {}
_exception_hooks: dict[tuple[Condition, LoaderHook], None] = {}


def _watch() -> None:
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)


def _first(hooks: dict[tuple[Condition, LoaderHook], None], name: str) -> LoaderHook | None:
    """The first hook whose condition is the name, or says yes to it."""
    for condition, hook in list(hooks):
        try:
            if condition(name) if callable(condition) else condition == name:
                return hook
        except Exception:
            _log().debug("condition of a hook failed for %s", name, exc_info=True)
    return None


def _quietly(hook: Hook, module: ModuleType) -> None:
    try:
        hook(module)
    except Exception:
        _log().exception("hook %r failed for module %s", hook, module.__name__)


def _log() -> Any:
    from ddtrace.internal.logger import get_logger

    return get_logger(__name__)


class BaseModuleWatchdog(abc.ABC):
    """Sees every module that is imported while it is installed; subclass it."""

    _instance: BaseModuleWatchdog | None = None

    def after_import(self, module: ModuleType) -> None:
        """A module has been imported."""
        raise NotImplementedError()

    def transform(self, code: CodeType, _module: ModuleType) -> CodeType:
        """The code that a module is to run, from what it would."""
        return code

    @classmethod
    def install(cls) -> None:
        """Watches from now on, with one instance of the class."""
        if not cls.is_installed():
            cls._instance = cls()
            _watchers.append(cls._instance)
            _watch()

    @classmethod
    def uninstall(cls) -> None:
        """Watches no more."""
        if cls.is_installed() and cls._instance is not None:
            _watchers.remove(cls._instance)
            cls._instance = None

    @classmethod
    def is_installed(cls) -> bool:
        """Whether it watches."""
        return type(cls._instance) is cls


class ModuleWatchdog(BaseModuleWatchdog):
    """Calls hooks when modules have been imported, at once for those that are.

    >>> @ModuleWatchdog.after_module_imported("json")
    ... def imported(module): ...
    """

    _hooks: dict[str, list[Hook]] = {}

    @classmethod
    def install(cls) -> None:
        """Imports are watched from the start; those of a subclass from now on."""
        if cls is not ModuleWatchdog:
            super().install()

    @classmethod
    def uninstall(cls) -> None:
        """Forgets all hooks."""
        if cls is not ModuleWatchdog:
            super().uninstall()
            return
        for hooks in (ModuleWatchdog._hooks, _origin_hooks, _pre_exec_hooks, _exception_hooks):
            hooks.clear()

    @classmethod
    def is_installed(cls) -> bool:
        """Whether imports are watched."""
        return cls is ModuleWatchdog or super().is_installed()

    def __init__(self) -> None:
        self._own_hooks: dict[str, list[Hook]] = {}

    def after_import(self, module: ModuleType) -> None:
        """Calls the hooks that were registered with a subclass."""
        for hook in list(self._own_hooks.get(module.__name__, ())):
            _quietly(hook, module)

    @classmethod
    def register_module_hook(cls, module: str, hook: Hook) -> None:
        """Calls `hook(module)` after each import of a module."""
        known = cls._known_hooks()
        if module in known or known is not ModuleWatchdog._hooks:
            known.setdefault(module, []).append(hook)
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
                    _log().debug("hook of %s failed", module, exc_info=True)

        _contrib.when_imported(module, imported)

    @classmethod
    def unregister_module_hook(cls, module: str, hook: Hook) -> None:
        """Forgets a hook."""
        _forget(cls._known_hooks(), module, hook)

    @classmethod
    def _known_hooks(cls) -> dict[str, list[Hook]]:
        own = cls._instance if cls.is_installed() else None
        return own._own_hooks if isinstance(own, ModuleWatchdog) else ModuleWatchdog._hooks

    @classmethod
    def after_module_imported(cls, module: str) -> Callable[[Hook], None]:
        """The same as a decorator."""

        def register(hook: Hook) -> None:
            cls.register_module_hook(module, hook)

        return register

    @classmethod
    def register_origin_hook(cls, origin: Path, hook: Hook) -> None:
        """Calls `hook(module)` when the module of a file has been imported."""
        _origin_hooks.setdefault(origin.resolve(), []).append(hook)
        _watch()
        loaded = cls.get_by_origin(origin)
        if loaded is not None and not _is_loading(loaded):
            hook(loaded)

    @classmethod
    def unregister_origin_hook(cls, origin: Path, hook: Hook) -> None:
        """Forgets a hook."""
        _forget(_origin_hooks, origin.resolve(), hook)

    @classmethod
    def register_pre_exec_module_hook(cls, cond: Condition, hook: LoaderHook) -> None:
        """Calls `hook(loader, module)` in place of running the modules that `cond` says."""
        _pre_exec_hooks[(cond, hook)] = None
        _watch()

    @classmethod
    def remove_pre_exec_module_hook(cls, cond: Condition, hook: LoaderHook) -> None:
        """Forgets a hook; KeyError when it is not there."""
        del _pre_exec_hooks[(cond, hook)]

    @classmethod
    def register_import_exception_hook(cls, cond: Condition, hook: LoaderHook) -> None:
        """Calls `hook(loader, module)` when such a module raises; the error goes on."""
        _exception_hooks[(cond, hook)] = None
        _watch()

    @classmethod
    def get_by_origin(cls, _origin: Path) -> ModuleType | None:
        """The imported module that was read from a file."""
        wanted = _origin.resolve()
        for module in list(sys.modules.values()):
            path = origin(module)
            if path is not None and path.name == wanted.name and path.resolve() == wanted:
                return module
        return None


def _forget(hooks: dict[Any, list[Hook]], place: Any, hook: Hook) -> None:
    registered = hooks.get(place)
    if not registered:
        _log().warning("there are no hooks for %s", place)
        return
    try:
        registered.remove(hook)
    except ValueError:
        _log().warning("hook %r was not registered for %s", hook, place)


def _is_loading(module: ModuleType) -> bool:
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))
