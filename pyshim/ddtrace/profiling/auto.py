"""Importing it starts the profiler of the process."""

from ddtrace.profiling.bootstrap.sitecustomize import start_profiler as start_profiler
