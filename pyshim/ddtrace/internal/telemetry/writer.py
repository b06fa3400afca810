"""What programs tell by telemetry. Every call returns at once; the native core sends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Union

from ddtrace import _native
from ddtrace.internal._error_reports import hidden_traceback
from ddtrace.internal.telemetry.constants import (
    TELEMETRY_LOG_LEVEL,
    TELEMETRY_NAMESPACE,
    MetricTagType,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

    _ExcInfo = tuple[
        type[BaseException] | None, BaseException | None, TracebackType | None
    ]

_FLUSH_SECONDS = 5.0


def _text_of(value: Any) -> str | None:
    """A value of a setting as it is told."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return ",".join(f"{key}:{item}" for key, item in value.items())
    if isinstance(value, (set, frozenset)):
        return ",".join(sorted(str(item) for item in value))
    if isinstance(value, (list, tuple)):
        return ",".join(str(item) for item in value)
    return str(value)


def _tags_of(tags: MetricTagType) -> str:
    if not tags:
        return ""
    return ",".join(f"{key}:{value}" for key, value in tags).lower().replace(" ", ",")


def _error_of(exc: Union[BaseException, _ExcInfo, None]) -> BaseException | None:
    return exc[1] if isinstance(exc, tuple) else exc


class TelemetryWriter:
    """Adds to what the tracer says about itself."""

    started = True

    def __init__(self, agentless: bool | None = None) -> None:
        self._agentless = bool(agentless)

    def enable(self) -> bool:
        """Whether telemetry is on."""
        return _native.telemetry_enabled()

    def disable(self) -> None:
        """Says the last word; nothing is taken any more."""
        self.app_shutdown()

    def app_started(self) -> None:
        """The native core says that by itself."""

    def app_shutdown(self) -> None:
        """Sends what is waiting, with the last word; nothing is taken any more."""
        _native.telemetry_flush(True, _FLUSH_SECONDS)

    def periodic(self, force_flush: bool = False) -> None:
        """With `force_flush`: sends what is waiting, and waits until it is taken."""
        if force_flush:
            _native.telemetry_flush(False, _FLUSH_SECONDS)

    # --- what there is to say

    def add_integration(
        self,
        integration_name: str,
        patched: bool,
        auto_patched: bool | None = None,
        error_msg: str | None = None,
        version: str = "",
    ) -> None:
        """An integration, whether it is on and why not; a text for the error says it was tried."""
        _native.telemetry_integration(
            integration_name, patched, auto_patched, error_msg, version or ""
        )

    def product_activated(self, product: str, status: bool) -> None:
        """A product was switched on or off."""
        _native.telemetry_product(getattr(product, "value", product), status)

    def add_configuration(
        self,
        configuration_name: str,
        configuration_value: Any,
        origin: str = "unknown",
        config_id: str | None = None,
    ) -> None:
        """The value of a setting, and where it is from."""
        _native.telemetry_configuration(
            configuration_name, _text_of(configuration_value), origin, config_id or ""
        )

    def add_configurations(self, configuration_list: list[tuple[str, Any, str]]) -> None:
        """Several settings: (name, value, origin)."""
        for name, value, origin in configuration_list:
            self.add_configuration(name, value, origin)

    def add_log(
        self,
        level: TELEMETRY_LOG_LEVEL,
        message: str,
        stack_trace: str = "",
        tags: Mapping[str, Any] | None = None,
    ) -> None:
        """A log; equal ones are sent once, with their number. Nothing of the application's."""
        every = ",".join(f"{key}:{str(value).lower()}" for key, value in (tags or {}).items())
        _native.telemetry_log(level.value, message, every, stack_trace or "")

    def add_error_log(self, msg: str, exc: Union[BaseException, _ExcInfo, None]) -> None:
        """An error, with a stack that shows no code, path or message of the application."""
        error = _error_of(exc)
        kind = type(error).__name__.lower() if error is not None else "unknown"
        stack = hidden_traceback(error) if error is not None else ""
        _native.telemetry_log("ERROR", msg, f"error_type:{kind}", stack)

    # --- metrics

    def add_count_metric(
        self,
        namespace: TELEMETRY_NAMESPACE,
        name: str,
        value: float = 1,
        tags: MetricTagType = None,
    ) -> None:
        """Adds to a count."""
        _native.telemetry_metric("count", namespace.value, name, value, _tags_of(tags))

    def add_gauge_metric(
        self,
        namespace: TELEMETRY_NAMESPACE,
        name: str,
        value: float,
        tags: MetricTagType = None,
    ) -> None:
        """The value of something now."""
        _native.telemetry_metric("gauge", namespace.value, name, value, _tags_of(tags))

    def add_rate_metric(
        self,
        namespace: TELEMETRY_NAMESPACE,
        name: str,
        value: float,
        tags: MetricTagType = None,
    ) -> None:
        """Adds to a rate."""
        _native.telemetry_metric("rate", namespace.value, name, value, _tags_of(tags))

    def add_distribution_metric(
        self,
        namespace: TELEMETRY_NAMESPACE,
        name: str,
        value: float,
        tags: MetricTagType = None,
    ) -> None:
        """One value of a distribution."""
        _native.telemetry_metric("distribution", namespace.value, name, value, _tags_of(tags))

    # --- what the native core does by itself

    def enable_agentless_client(self, enabled: bool = True) -> None:
        """With DD_API_KEY set telemetry goes to the intake from the start."""

    def install_excepthook(self) -> None:
        """Uncaught exceptions are told by reports of crashes."""

    def uninstall_excepthook(self) -> None:
        """There is none."""
