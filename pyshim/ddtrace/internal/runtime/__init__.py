"""The identity of this process."""

from ddtrace.internal._runtime_id import (
    get_ancestor_runtime_id,
    get_parent_runtime_id,
    get_process_role,
    get_runtime_id,
    get_runtime_propagation_envs,
    on_runtime_id_change,
)

__all__ = [
    "get_ancestor_runtime_id",
    "get_parent_runtime_id",
    "get_process_role",
    "get_runtime_id",
    "get_runtime_propagation_envs",
    "on_runtime_id_change",
]
