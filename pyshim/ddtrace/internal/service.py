"""Things that are started and stopped."""

from __future__ import annotations

import abc
import enum
from threading import Lock
from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class ServiceStatus(enum.Enum):
    """Whether it runs."""

    STOPPED = "stopped"
    RUNNING = "running"


class ServiceStatusError(RuntimeError):
    """It cannot be started or stopped now."""

    def __init__(self, service_cls: type[Service], current_status: ServiceStatus) -> None:
        self.current_status = current_status
        super().__init__(
            f"{service_cls.__name__} is already in status {self.current_status.value}"
        )


class Service(metaclass=abc.ABCMeta):
    """Subclass it and implement `_start_service` and `_stop_service`."""

    def __init__(self) -> None:
        self.status = ServiceStatus.STOPPED
        self._service_lock = Lock()

    def __enter__(self) -> Service:
        self.start()
        return self

    def __exit__(self, exc_type: object, exc_value: object, traceback: object) -> None:
        self.stop()
        self.join()

    def start(self, *args: Any, **kwargs: Any) -> None:
        """Starts it; a `ServiceStatusError` when it runs."""
        with self._service_lock:
            if self.status == ServiceStatus.RUNNING:
                raise ServiceStatusError(type(self), self.status)
            self._start_service(*args, **kwargs)
            self.status = ServiceStatus.RUNNING

    @abc.abstractmethod
    def _start_service(self, *args: Any, **kwargs: Any) -> None:
        """What starting means."""

    def stop(self, *args: Any, **kwargs: Any) -> None:
        """Stops it; a `ServiceStatusError` when it does not run."""
        with self._service_lock:
            if self.status == ServiceStatus.STOPPED:
                raise ServiceStatusError(type(self), self.status)
            self._stop_service(*args, **kwargs)
            self.status = ServiceStatus.STOPPED

    @abc.abstractmethod
    def _stop_service(self, *args: Any, **kwargs: Any) -> None:
        """What stopping means."""

    def join(self, timeout: float | None = None) -> None:
        """Waits for its end."""
