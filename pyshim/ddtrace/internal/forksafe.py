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
_registry_before_child_hooks: list[Hook] = []
_registry_after_child_hooks: list[Hook] = []
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
register_before_child_hooks = partial(register_hook, _registry_before_child_hooks)
register_after_child_hooks = partial(register_hook, _registry_after_child_hooks)


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


def unregister_before_child_hooks(hook: Hook) -> None:
    """Takes a hook before those of the child out."""
    _unregister(_registry_before_child_hooks, hook)


def unregister_after_child_hooks(hook: Hook) -> None:
    """Takes a hook after those of the child out."""
    _unregister(_registry_after_child_hooks, hook)


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


def set_forked() -> None:
    """This process has forked."""
    global _forked
    _forked = True


def set_fork_child() -> None:
    """This process was forked."""
    global _is_child, _fork_generation
    set_forked()
    _is_child = True
    _fork_generation += 1


def _reset_objects() -> None:
    for held in list(_resetable_objects):
        held._reset_object()


def run_child_hooks() -> None:
    """Calls the hooks of the child, with those before and after them."""
    global _in_child_hook
    _in_child_hook = True
    try:
        run_hooks(_registry_before_child_hooks)
        run_hooks(_registry)
    finally:
        run_hooks(_registry_after_child_hooks)
        _in_child_hook = False


def ddtrace_before_fork() -> None:
    run_hooks(_registry_before_fork)


def ddtrace_after_in_parent() -> None:
    set_forked()
    run_hooks(_registry_after_parent)


def ddtrace_after_in_child() -> None:
    set_fork_child()
    _reset_objects()
    run_child_hooks()


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
