"""Doing something again and again in a thread of its own."""

from __future__ import annotations

import os
import threading
from typing import Any

from ddtrace.internal import service

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


PERIODIC_STOP = object()
periodic_threads: dict[int, PeriodicThread] = {}  # those that run, by their number


class PeriodicThread:
    """Calls `target` every `interval` seconds until it is stopped, or gives PERIODIC_STOP."""

    interval = 0.0
    no_wait_at_start = False

    def __init__(
        self,
        interval: float,
        target: Callable[[], Any],
        name: str | None = None,
        on_shutdown: Callable[[], Any] | None = None,
        no_wait_at_start: bool = False,
        autorestart: bool = True,
    ) -> None:
        self.interval = float(interval)
        self.no_wait_at_start = no_wait_at_start
        self._target = target
        self._on_shutdown = on_shutdown
        self._thread: threading.Thread | None = None
        self._name = name
        self._wake = threading.Condition()
        self._asked = 0
        self._done = 0
        self._ending = False

    @property
    def name(self) -> str | None:
        """What it is called."""
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        self._name = name
        if self._thread is not None:
            self._thread.name = name

    @property
    def ident(self) -> int | None:
        """The number of the thread; None before it is started."""
        return None if self._thread is None else self._thread.ident

    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Starts it, once."""
        if self._thread is not None:
            raise RuntimeError("Thread already started")
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def join(self, timeout: float | None = None) -> None:
        """Waits for its end."""
        if self._thread is None:
            raise RuntimeError("Periodic thread not started")
        if self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _run(self) -> None:
        number = threading.get_ident()
        periodic_threads[number] = self
        try:
            self._turn()
        finally:
            periodic_threads.pop(number, None)

    def _turn(self) -> None:
        stops = self.no_wait_at_start and self._target() is PERIODIC_STOP
        while not stops:
            with self._wake:
                if not self._ending and self._asked == self._done:
                    self._wake.wait(self.interval)
                if self._ending:
                    break
                asked = self._asked
            stops = self._target() is PERIODIC_STOP
            with self._wake:
                self._done = asked
                self._wake.notify_all()
        if self._on_shutdown is not None:
            self._on_shutdown()

    def awake(self) -> None:
        """Calls the target now, and waits for it."""
        if self._thread is None:
            raise RuntimeError("Thread not started")
        with self._wake:
            self._asked += 1
            ticket = self._asked
            self._wake.notify_all()
            while self._done < ticket and not self._ending and self.is_alive():
                self._wake.wait(1)

    def stop(self) -> None:
        """Ends the loop; returns at once."""
        if self._thread is None:
            raise RuntimeError("Thread not started")
        with self._wake:
            self._ending = True
            self._wake.notify_all()


class PeriodicService(service.Service):
    """Subclass it and implement `periodic`."""

    def __init__(
        self, interval: float = 0.0, no_wait_at_start: bool = False, autorestart: bool = True
    ) -> None:
        super().__init__()
        self._interval = interval
        self._worker: PeriodicThread | None = None
        self._no_wait_at_start = no_wait_at_start
        self._autorestart = autorestart

    @property
    def interval(self) -> float:
        """Seconds between two calls."""
        return self._interval

    @interval.setter
    def interval(self, value: float) -> None:
        self._interval = value
        if self._worker is not None:
            self._worker.interval = value

    def _start_service(self, *args: Any, **kwargs: Any) -> None:
        self._worker = PeriodicThread(
            self.interval,
            self.periodic,
            name=f"{type(self).__module__}:{type(self).__name__}",
            on_shutdown=self.on_shutdown,
            no_wait_at_start=self._no_wait_at_start,
        )
        self._worker.start()

    def _stop_service(self, *args: Any, **kwargs: Any) -> None:
        if self._worker is not None:
            self._worker.stop()

    def join(self, timeout: float | None = None) -> None:
        """Waits for the thread."""
        if self._worker is not None:
            self._worker.join(timeout)

    @staticmethod
    def on_shutdown(*args: Any, **kwargs: Any) -> None:
        """Called by the thread when it ends."""

    def periodic(self) -> None:
        """What is to be done."""


class AwakeablePeriodicService(PeriodicService):
    """A service that can be told not to wait."""

    def awake(self) -> None:
        """Does it now."""
        if self._worker is not None:
            self._worker.awake()


class ForksafeAwakeablePeriodicService(AwakeablePeriodicService):
    """The same, going on in forked children."""

    def reset(self) -> None:
        """What a child has to forget."""

    def _start_service(self, *args: Any, **kwargs: Any) -> None:
        super()._start_service(*args, **kwargs)
        pid = os.getpid()

        def restart() -> None:
            if self.status is service.ServiceStatus.RUNNING and os.getpid() != pid:
                self.reset()
                PeriodicService._start_service(self)

        from ddtrace.internal import forksafe

        forksafe.register(restart)


class Timer:
    """Calls `timeout` once, some seconds after it was started or reset."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._timer: threading.Timer | None = None

    def timeout(self) -> None:
        """What is to be done."""

    def start(self) -> None:
        """Starts the time."""
        self._timer = threading.Timer(self._interval, self.timeout)
        self._timer.daemon = True
        self._timer.start()

    def reset(self) -> None:
        """Starts the time again."""
        self.stop()
        self.start()

    def stop(self) -> None:
        """It will not be called."""
        if self._timer is not None:
            self._timer.cancel()

    def join(self, timeout: float | None = None) -> None:
        """Waits for the end."""
        if self._timer is not None and self._timer.is_alive():
            self._timer.join(timeout)
