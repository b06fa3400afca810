"""Hooks around forks, and locks that are free again in the child."""

from __future__ import annotations

import os
import threading
import weakref
from functools import partial
from typing import Any

from ddtrace.internal._wrap import ObjectProxy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Hook = Callable[[], None]

_registry: list[Hook] = []
_registry_before_fork: list[Hook] = []
_registry_after_parent: list[Hook] = []
_forked = False
_fork_generation = 0
_in_child_hook = False
_is_child = False


def run_hooks(registry: list[Hook]) -> None:
    """Calls the hooks in order; what one of them raises is logged."""
    for hook in list(registry):
        try:
            hook()
        except Exception:
            from ddtrace.internal.logger import get_logger

            get_logger(__name__).exception("Exception ignored in forksafe hook %r", hook)


def register_hook(registry: list[Hook], hook: Hook) -> Hook:
    """Adds a hook; usable as a decorator."""
    registry.append(hook)
    return hook


register = partial(register_hook, _registry)
register_before_fork = partial(register_hook, _registry_before_fork)
register_after_parent = partial(register_hook, _registry_after_parent)


def _unregister(registry: list[Hook], hook: Hook) -> None:
    try:
        registry.remove(hook)
    except ValueError:
        from ddtrace.internal.logger import get_logger

        get_logger(__name__).info("hook %s was not registered", hook)


def unregister(after_in_child: Hook) -> None:
    """Takes a hook of the child out."""
    _unregister(_registry, after_in_child)


def unregister_before_fork(before_fork: Hook) -> None:
    """Takes a hook before forks out."""
    _unregister(_registry_before_fork, before_fork)


def unregister_parent(after_in_parent: Hook) -> None:
    """Takes a hook of the parent out."""
    _unregister(_registry_after_parent, after_in_parent)


def has_forked() -> bool:
    """Whether this process, or the one it was forked from, has forked."""
    return _forked


def is_fork_child() -> bool:
    """Whether this process was forked from another python."""
    return _is_child


def in_child_hook() -> bool:
    """Whether hooks of a child run now."""
    return _in_child_hook


def get_generation() -> int:
    """How many forks lie between the first process and this one."""
    return _fork_generation


def ddtrace_before_fork() -> None:
    run_hooks(_registry_before_fork)


def ddtrace_after_in_parent() -> None:
    global _forked
    _forked = True
    run_hooks(_registry_after_parent)


def ddtrace_after_in_child() -> None:
    global _forked, _fork_generation, _in_child_hook, _is_child
    _forked = _is_child = True
    _fork_generation += 1
    _in_child_hook = True
    try:
        for held in list(_resetable_objects):
            held._reset_object()
        run_hooks(_registry)
    finally:
        _in_child_hook = False


class ResetObject(ObjectProxy):
    """Stands for an object that is made anew in a forked child."""

    def __init__(self, wrapped_class: Callable[[], Any]) -> None:
        super().__init__(wrapped_class())
        self._self_wrapped_class = wrapped_class
        _resetable_objects.add(self)

    def _reset_object(self) -> None:
        self.__wrapped__ = self._self_wrapped_class()

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    __slots__ = ("__weakref__",)


_resetable_objects: weakref.WeakSet[ResetObject] = weakref.WeakSet()


def Lock() -> Any:
    """A lock that is free in a forked child."""
    return ResetObject(threading.Lock)


def RLock() -> Any:
    """The same, for locks a thread may take again."""
    return ResetObject(threading.RLock)


def Event() -> Any:
    """An event that is clear in a forked child."""
    return ResetObject(threading.Event)


os.register_at_fork(
    before=ddtrace_before_fork,
    after_in_parent=ddtrace_after_in_parent,
    after_in_child=ddtrace_after_in_child,
)
