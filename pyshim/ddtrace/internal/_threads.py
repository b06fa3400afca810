"""Threads that do something again and again."""

from ddtrace.internal.periodic import PERIODIC_STOP, PeriodicThread, periodic_threads

__all__ = ["PERIODIC_STOP", "PeriodicThread", "periodic_threads"]
