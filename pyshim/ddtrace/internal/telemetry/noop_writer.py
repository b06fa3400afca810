"""The writer of a process whose telemetry is off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ddtrace.internal.telemetry.constants import (
    TELEMETRY_LOG_LEVEL,
    TELEMETRY_NAMESPACE,
    MetricTagType,
)
from ddtrace.internal.telemetry.writer import TelemetryWriter


class NoOpTelemetryWriter(TelemetryWriter):
    """Takes everything and does nothing."""

    started = False

    def __init__(self, is_periodic: bool = True, agentless: bool | None = None) -> None:
        super().__init__(agentless)

    def enable(self) -> bool:
        """False."""
        return False

    def app_shutdown(self) -> None:
        """Nothing is waiting."""

    def periodic(self, force_flush: bool = False) -> None:
        """Nothing is waiting."""

    def add_integration(
        self,
        integration_name: str,
        patched: bool,
        auto_patched: bool | None = None,
        error_msg: str | None = None,
        version: str = "",
    ) -> None:
        """Nobody is told."""

    def product_activated(self, product: str, status: bool) -> None:
        """Nobody is told."""

    def add_configuration(
        self,
        configuration_name: str,
        configuration_value: Any,
        origin: str = "unknown",
        config_id: str | None = None,
    ) -> None:
        """Nobody is told."""

    def add_configurations(self, configuration_list: list[tuple[str, Any, str]]) -> None:
        """Nobody is told."""

    def add_log(
        self,
        level: TELEMETRY_LOG_LEVEL,
        message: str,
        stack_trace: str = "",
        tags: Mapping[str, Any] | None = None,
    ) -> None:
        """Nobody is told."""

    def add_error_log(self, msg: str, exc: Any) -> None:
        """Nobody is told."""

    def add_count_metric(
        self,
        namespace: TELEMETRY_NAMESPACE,
        name: str,
        value: float = 1,
        tags: MetricTagType = None,
    ) -> None:
        """Nobody is told."""

    add_gauge_metric = add_rate_metric = add_distribution_metric = add_count_metric
