"""Metrics of the interpreter: memory, CPU, garbage collection, threads.

>>> from ddtrace.runtime import RuntimeMetrics
>>> RuntimeMetrics.enable()
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

__all__ = ["RuntimeMetrics"]

_TRACER_NOT_SET: Any = object()


def _tell(enabled: str) -> None:
    from ddtrace import _native

    _native.telemetry_configuration("DD_RUNTIME_METRICS_ENABLED", enabled, "code", "")


class _RuntimeMetricsStatus(type):
    @property
    def _enabled(cls) -> bool:
        """Whether they are being sent."""
        from ddtrace.internal.runtime.runtime_metrics import RuntimeWorker

        return RuntimeWorker.enabled


class RuntimeMetrics(metaclass=_RuntimeMetricsStatus):
    """Sends the metrics of the interpreter to the agent every ten seconds."""

    @staticmethod
    def enable(tracer: Any = _TRACER_NOT_SET, dogstatsd_url: Optional[str] = None) -> None:
        """Starts; does nothing when they are being sent."""
        from ddtrace.internal.runtime.runtime_metrics import RuntimeWorker

        if tracer is not _TRACER_NOT_SET:
            from ddtrace.internal.utils.deprecations import deprecate

            deprecate(
                "The tracer parameter to RuntimeMetrics.enable is deprecated",
                message="It is not used and will be removed in a future version.",
                removal_version="5.0.0",
            )
        RuntimeWorker.enable(dogstatsd_url=dogstatsd_url)
        _tell("true")

    @staticmethod
    def disable() -> None:
        """Sends the last values and stops."""
        from ddtrace.internal.runtime.runtime_metrics import RuntimeWorker

        RuntimeWorker.disable()
        _tell("false")
