"""Rules about which traces are kept."""

from __future__ import annotations

from ddtrace.internal.glob_matching import GlobMatcher
from ddtrace.internal.sampling import MAX_UINT_64BITS, keeps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ddtrace._native import Span


def _matcher(pattern: str | None) -> GlobMatcher | None:
    return None if pattern is None else GlobMatcher(pattern)


class SamplingRule:
    """Keeps a share of the traces whose first span fits all that is given.

    Patterns know `*` and `?` and do not look at case. A rate outside 0 to 1 is the nearest of them.
    """

    def __init__(
        self,
        sample_rate: float,
        service: str | None = None,
        name: str | None = None,
        resource: str | None = None,
        tags: dict[str, Any] | None = None,
        provenance: str = "default",
        discard: bool = False,
    ) -> None:
        self._sample_rate = 0.0
        self._sampling_id_threshold = 0.0
        self.sample_rate = float(min(1, max(0, float(sample_rate))))
        self.tags = {key: GlobMatcher(str(value)) for key, value in (tags or {}).items()}
        self.service = _matcher(service)
        self.name = _matcher(name)
        self.resource = _matcher(resource)
        self.provenance = provenance
        self.discard = discard

    @property
    def sample_rate(self) -> float:
        """The share that is kept."""
        return self._sample_rate

    @sample_rate.setter
    def sample_rate(self, rate: float) -> None:
        self._sample_rate = rate
        self._sampling_id_threshold = rate * MAX_UINT_64BITS

    def name_match(self, key: str) -> bool:
        """Whether the rule's name is exactly this one, or it has none."""
        return self.name is None or self.name.pattern == key

    def tags_match(self, span: Span) -> bool:
        """Whether the span has all tags of the rule."""
        return all(_tag_matches(span._get_attribute(k), m) for k, m in self.tags.items())

    def matches(self, span: Span) -> bool:
        """Whether the rule is about this span."""
        service, name, resource = span.service, span.name, span.resource
        return (
            (self.service is None or self.service.match(str(service)))
            and (self.name is None or self.name.match(name))
            and (self.resource is None or self.resource.match(resource))
            and self.tags_match(span)
        )

    def sample(self, span: Span) -> bool:
        """Whether the trace of this span is in the share."""
        if self._sample_rate in (0, 1):
            return self._sample_rate == 1
        return keeps(span._trace_id_64bits, self._sampling_id_threshold)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SamplingRule):
            return False
        return vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return (
            f"SamplingRule(sample_rate={self.sample_rate}, service={self.service}, "
            f"name={self.name}, resource={self.resource}, tags={self.tags}, "
            f"provenance={self.provenance}, discard={self.discard})"
        )

    __str__ = __repr__


def _tag_matches(value: object, matcher: GlobMatcher) -> bool:
    if value is None:
        return False
    if isinstance(value, float):
        if not value.is_integer():
            return matcher.wildcards_only
        value = int(value)
    return matcher.match(str(value))
