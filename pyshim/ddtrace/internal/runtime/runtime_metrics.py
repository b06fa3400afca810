"""The metrics of the interpreter; the program's own worker sends them."""

from __future__ import annotations

from ddtrace import _native


class _Status(type):
    @property
    def enabled(cls) -> bool:
        """Whether they are being sent."""
        return _native.runtime_metrics_enabled()


class RuntimeWorker(metaclass=_Status):
    """Sends the values every ten seconds, and once more at the end."""

    @classmethod
    def enable(cls, dogstatsd_url: str | None = None) -> None:
        """Starts."""
        _native.enable_runtime_metrics(dogstatsd_url or "")

    @classmethod
    def disable(cls) -> None:
        """Sends the last values and stops."""
        _native.disable_runtime_metrics()
