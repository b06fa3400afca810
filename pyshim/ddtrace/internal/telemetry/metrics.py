"""A metric whose name and tags are said once."""

from __future__ import annotations

from ddtrace import _native
from ddtrace.internal.telemetry.constants import TELEMETRY_NAMESPACE, MetricTagType
from ddtrace.internal.telemetry.writer import _tags_of

_known: dict[tuple[TELEMETRY_NAMESPACE, str, str, MetricTagType], MetricRecorder] = {}


class MetricRecorder:
    """Takes values of one metric."""

    def __init__(
        self,
        namespace: TELEMETRY_NAMESPACE,
        name: str,
        metric_type: str = "count",
        tags: MetricTagType = None,
    ) -> None:
        self._metric = (metric_type, namespace.value, name)
        self._tags = _tags_of(tags)

    def add(self, value: float = 1) -> None:
        """One more value."""
        kind, namespace, name = self._metric
        _native.telemetry_metric(kind, namespace, name, value, self._tags)


def get_metric_recorder(
    namespace: TELEMETRY_NAMESPACE,
    name: str,
    metric_type: str = "count",
    tags: MetricTagType = None,
) -> MetricRecorder:
    """The recorder of a metric: the same one for the same name and tags."""
    key = (namespace, name, metric_type, tags)
    if key not in _known:
        _known[key] = MetricRecorder(namespace, name, metric_type, tags)
    return _known[key]
