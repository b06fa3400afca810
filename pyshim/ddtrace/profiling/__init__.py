"""The continuous profiler. It is not there yet: programs that start it run without it.

`is_available` is false and `failure_msg` says so; a `Profiler` that is started logs a warning.
"""

from ddtrace.profiling.profiler import Profiler as Profiler
from ddtrace.profiling.profiler import failure_msg as failure_msg

is_available = False
