"""Threads and locks, as they are whatever a library puts in their place."""

from _thread import RLock
from _thread import allocate_lock as Lock
from threading import Thread

from ddtrace.internal.periodic import PERIODIC_STOP, PeriodicThread, periodic_threads

__all__ = ["PERIODIC_STOP", "Lock", "PeriodicThread", "RLock", "Thread", "periodic_threads"]
