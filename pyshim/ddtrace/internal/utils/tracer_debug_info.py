"""What is worth knowing of a tracer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class TracerDebugInfo:
    """How a tracer is set up."""

    writer: Any
    sampling_rules: list[Any]
    tags: dict[str, Any]
    partial_flush_enabled: bool
    partial_flush_min_spans: int

    @classmethod
    def from_tracer(cls, tracer: Any) -> TracerDebugInfo:
        """That of this tracer."""
        aggregator = tracer._span_aggregator
        return cls(
            writer=aggregator.writer,
            sampling_rules=list(aggregator.sampling_processor.sampler.rules),
            tags=dict(tracer._tags),
            partial_flush_enabled=aggregator.partial_flush_enabled,
            partial_flush_min_spans=aggregator.partial_flush_min_spans,
        )
