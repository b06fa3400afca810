"""Who decides which traces are kept.

The tracer's own sampler decides natively; what is changed at its object changes there. Another
object can be put in its place (`tracer._span_aggregator.sampling_processor.sampler`).
"""

from __future__ import annotations

import json

from ddtrace import _native
from ddtrace._trace.sampling_rule import SamplingRule
from ddtrace.internal.logger import get_logger
from ddtrace.internal.rate_limiter import RateLimiter
from ddtrace.internal.sampling import (
    _SAMPLING_LIMIT_DECISION,
    MAX_UINT_64BITS,
    SamplingMechanism,
    keeps,
    set_sampling_tags,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ddtrace._native import Span

log = get_logger(__name__)

PROVENANCE_ORDER = ["customer", "dynamic", "default"]
_MECHANISMS = {
    "customer": SamplingMechanism.REMOTE_USER_TRACE_SAMPLING_RULE,
    "dynamic": SamplingMechanism.REMOTE_DYNAMIC_TRACE_SAMPLING_RULE,
}


class RateSampler:
    """Keeps a share of all traces."""

    def __init__(self, sample_rate: float = 1.0) -> None:
        if sample_rate > 1:
            sample_rate = 1.0
        elif sample_rate < 0:
            sample_rate = 0.0
        self.set_sample_rate(sample_rate)

    def set_sample_rate(self, sample_rate: float) -> None:
        """Another share, from 0 to 1."""
        self.sample_rate = float(sample_rate)
        self.sampling_id_threshold = self.sample_rate * MAX_UINT_64BITS

    def sample(self, span: Span) -> bool:
        """Whether the trace of this span is in the share."""
        return keeps(span._trace_id_64bits, self.sampling_id_threshold)

    def __repr__(self) -> str:
        return f"RateSampler(sample_rate={self.sample_rate})"


class DatadogSampler:
    """Decides by the first rule that fits, else by the rates of the agent, else keeps.

    What rules keep is limited to `rate_limit` traces a second.
    """

    SAMPLE_DEBUG_MESSAGE = "Sampling decision applied to %s: sampled=%s sample_rate=%s"
    _default_key = "service:,env:"
    _live = False

    def __init__(
        self,
        rules: list[SamplingRule] | None = None,
        rate_limit: int | None = None,
        rate_limit_window: float = 1e9,
        rate_limit_always_on: bool = False,
    ) -> None:
        self._rules = rules or []
        self._agent_based_samplers: dict[str, RateSampler] = {}
        if rate_limit is None:
            from ddtrace.internal.settings._config import config

            rate_limit = int(config._trace_rate_limit)
        self._rate_limit_always_on = rate_limit_always_on
        self.limiter = RateLimiter(rate_limit, rate_limit_window)

    @property
    def rules(self) -> list[SamplingRule]:
        """The rules in force, first match wins."""
        return self._rules

    @rules.setter
    def rules(self, rules: list[SamplingRule]) -> None:
        self._rules = rules
        if self._live:
            texts = json.dumps([_as_json(rule) for rule in rules])
            _native.set_sampling_rules(texts, self.limiter.rate_limit)

    def set_sampling_rules(self, rules: str) -> None:
        """Takes the rules of a JSON list; sorted by who made them."""
        made: list[SamplingRule] = []
        if rules:
            try:
                for rule in json.loads(rules):
                    if "sample_rate" not in rule:
                        log.error(
                            "No sample_rate provided for sampling rule: %s. Skipping.", rule
                        )
                        continue
                    made.append(SamplingRule(**rule))
            except ValueError:
                log.error(
                    "Failed to apply all sampling rules. Rules=%s, Applied=%s",
                    rules,
                    made,
                    exc_info=True,
                )
        made.sort(key=lambda rule: PROVENANCE_ORDER.index(rule.provenance))
        self.rules = made

    @staticmethod
    def _key(service: str | None, env: str | None) -> str:
        return f"service:{service or ''},env:{env or ''}"

    def update_rate_by_service_sample_rates(self, rate_by_service: Mapping[str, float]) -> None:
        """The rates an agent answered with: "service:x,env:y" to a share."""
        self._agent_based_samplers = {k: RateSampler(v) for k, v in rate_by_service.items()}
        if self._live:
            _native.set_agent_rates(dict(rate_by_service))

    def _get_sampling_mechanism(
        self, matched_rule: SamplingRule | None, agent_service_based: bool
    ) -> int:
        if matched_rule is not None:
            return _MECHANISMS.get(
                matched_rule.provenance, SamplingMechanism.LOCAL_USER_TRACE_SAMPLING_RULE
            )
        if self._rate_limit_always_on:
            return SamplingMechanism.APPSEC
        if agent_service_based:
            return SamplingMechanism.AGENT_RATE_BY_SERVICE
        return SamplingMechanism.DEFAULT

    def sample(self, span: Span) -> bool:
        """Decides about the trace of a span, and writes the decision down."""
        return self.sample_or_discard(span)[0]

    def sample_or_discard(self, span: Span) -> tuple[bool, bool]:
        """The same; and whether what is not kept is not even to be sent."""
        span._update_tags_from_context()
        rule = next((rule for rule in self._rules if rule.matches(span)), None)
        agent: RateSampler | None = None
        if rule is not None:
            sampled, rate = rule.sample(span), rule.sample_rate
        else:
            agent = self._agent_based_samplers.get(self._key(span.service, span.get_tag("env")))
            sampled, rate = (agent.sample(span), agent.sample_rate) if agent else (True, 1.0)
        if self._rate_limit_always_on or (sampled and rule is not None):
            sampled = self.limiter.is_allowed() and sampled
            span.set_metric(_SAMPLING_LIMIT_DECISION, self.limiter.effective_rate)
        mechanism = self._get_sampling_mechanism(rule, agent is not None)
        set_sampling_tags(span, sampled, rate, mechanism)
        return sampled, not sampled and rule is not None and rule.discard

    def __repr__(self) -> str:
        rates = {key: sampler.sample_rate for key, sampler in self._agent_based_samplers.items()}
        return (
            f"{type(self).__name__}(agent_rates={rates}, limiter={self.limiter}, "
            f"rules={self._rules}), rate_limit_always_on={self._rate_limit_always_on}"
        )

    __str__ = __repr__


def _as_json(rule: SamplingRule) -> dict[str, Any]:
    fields: dict[str, Any] = {"sample_rate": rule.sample_rate, "provenance": rule.provenance}
    for name in ("service", "name", "resource"):
        if (matcher := getattr(rule, name)) is not None:
            fields[name] = matcher.pattern
    if rule.tags:
        fields["tags"] = {key: matcher.pattern for key, matcher in rule.tags.items()}
    if rule.discard:
        fields["discard"] = True
    return fields


def live_sampler() -> DatadogSampler:
    """The sampler of the tracer, with the rules of the settings."""
    from ddtrace.internal.settings._config import config

    sampler = DatadogSampler()
    if text := config._trace_sampling_rules:
        try:
            sampler.set_sampling_rules(text)
        except (TypeError, ValueError):  # the native sampler left it out and said so
            pass
    sampler._live = True
    return sampler
