"""Starts the profiler of the process."""

from ddtrace.profiling import bootstrap
from ddtrace.profiling.profiler import Profiler


def start_profiler() -> None:
    """Starts it; again when it was running."""
    if hasattr(bootstrap, "profiler"):
        bootstrap.profiler.stop()
    bootstrap.profiler = Profiler()
    bootstrap.profiler.start()


start_profiler()
