"""A provider for the OpenFeature SDK. It is not there yet: flags have their default values."""

from __future__ import annotations

from typing import Any

from ddtrace.internal.logger import get_logger

log = get_logger(__name__)


class DataDogProvider:
    """Says so when it is made; every flag is what the application gave as its default."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        log.warning("DataDogProvider is not available in this ddpython: flags have their defaults")

    def get_metadata(self) -> Any:
        """Its name."""
        from openfeature.provider import Metadata  # type: ignore[import-not-found]

        return Metadata(name="Datadog")

    def get_provider_hooks(self) -> list[Any]:
        """None."""
        return []

    def initialize(self, evaluation_context: Any) -> None:
        """Nothing to prepare."""

    def shutdown(self) -> None:
        """Nothing to stop."""

    def _default(self, flag_key: str, default_value: Any, context: Any = None) -> Any:
        from openfeature import flag_evaluation  # type: ignore[import-not-found]

        return flag_evaluation.FlagResolutionDetails(
            value=default_value, reason=flag_evaluation.Reason.DEFAULT
        )

    def resolve_boolean_details(self, *args: Any, **kwargs: Any) -> Any:
        """The default."""
        return self._default(*args, **kwargs)

    resolve_string_details = resolve_boolean_details
    resolve_integer_details = resolve_boolean_details
    resolve_float_details = resolve_boolean_details
    resolve_object_details = resolve_boolean_details
