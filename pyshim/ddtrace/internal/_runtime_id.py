"""Who this process is among its ancestors."""

from __future__ import annotations

import os

from ddtrace import _native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_ROOT = "_DD_ROOT_PY_SESSION_ID"
_PARENT = "_DD_PARENT_PY_SESSION_ID"

_first = _native.facts()[3]
_last = _first
_listeners: set[Callable[[str], None]] = set()


def get_runtime_id() -> str:
    """The id of this process, another one after a fork."""
    return _native.facts()[3]


def get_ancestor_runtime_id() -> str | None:
    """The id of the first of the processes this one was forked from."""
    return _first if get_runtime_id() != _first else os.environ.get(_ROOT)


def get_parent_runtime_id() -> str | None:
    """The id of the process this one was forked from or started by."""
    return _last if get_runtime_id() != _last else os.environ.get(_PARENT)


def get_process_role() -> str | None:
    """What a server says this process is for; None when it says nothing."""
    return os.environ.get("_DD_PROCESS_ROLE")


def get_runtime_propagation_envs() -> dict[str, str]:
    """The environment by which children know their ancestors."""
    own = get_runtime_id()
    return {_ROOT: get_ancestor_runtime_id() or own, _PARENT: own}


def on_runtime_id_change(cb: Callable[[str], None]) -> None:
    """Calls `cb` with the new id after each fork, in the child."""
    _listeners.add(cb)


def _after_fork() -> None:
    for listener in list(_listeners):
        listener(get_runtime_id())


os.register_at_fork(after_in_child=_after_fork)
