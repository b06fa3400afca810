"""The profiler that was started by itself, if one was."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ddtrace.profiling.profiler import Profiler

    profiler: Profiler
