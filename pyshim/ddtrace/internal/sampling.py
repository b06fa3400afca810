"""What sampling decisions are called, and where they are kept."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ddtrace._native import Span

SAMPLING_DECISION_TRACE_TAG_KEY = "_dd.p.dm"
KNUTH_SAMPLE_RATE_KEY = "_dd.p.ksr"
TRACE_SOURCE_PROPAGATION_KEY = "_dd.p.ts"
SAMPLING_KNUTH_FACTOR = 1111111111111111111
MAX_UINT_64BITS = 2**64 - 1
SAMPLING_HASH_MODULO = 2**64
_SAMPLING_RULE_DECISION = "_dd.rule_psr"
_SAMPLING_AGENT_DECISION = "_dd.agent_psr"
_SAMPLING_LIMIT_DECISION = "_dd.limit_psr"


class SamplingMechanism:
    """Who decided about a trace."""

    DEFAULT = 0
    AGENT_RATE_BY_SERVICE = 1
    REMOTE_RATE = 2
    LOCAL_USER_TRACE_SAMPLING_RULE = 3
    MANUAL = 4
    APPSEC = 5
    REMOTE_USER_RATE = 6
    SPAN_SAMPLING_RULE = 8
    REMOTE_USER_TRACE_SAMPLING_RULE = 11
    REMOTE_DYNAMIC_TRACE_SAMPLING_RULE = 12
    AI_GUARD = 13


# Priorities of what is kept and of what is not.
SAMPLING_MECHANISM_TO_PRIORITIES = {
    SamplingMechanism.DEFAULT: (1, 0),
    SamplingMechanism.AGENT_RATE_BY_SERVICE: (1, 0),
    SamplingMechanism.MANUAL: (2, -1),
    SamplingMechanism.APPSEC: (1, 0),
    SamplingMechanism.LOCAL_USER_TRACE_SAMPLING_RULE: (2, -1),
    SamplingMechanism.REMOTE_USER_TRACE_SAMPLING_RULE: (2, -1),
    SamplingMechanism.REMOTE_DYNAMIC_TRACE_SAMPLING_RULE: (2, -1),
}


def format_rate(rate: float) -> str:
    """Six decimals, half up, without trailing zeros."""
    return f"{int(rate * 1e6 + 0.5) / 1e6:.6f}".rstrip("0").rstrip(".")


def keeps(trace_id: int, threshold: float) -> bool:
    """Whether the hash of a trace id is within a share of 64 bits."""
    return trace_id * SAMPLING_KNUTH_FACTOR % SAMPLING_HASH_MODULO <= threshold


def set_sampling_tags(
    span: Span, sampled: bool, sample_rate: float, mechanism: int
) -> None:
    """Writes a decision down: the priority of the trace, who made it and at which rate."""
    span._set_sampling_decision_maker(mechanism)
    if mechanism == SamplingMechanism.AGENT_RATE_BY_SERVICE:
        span.set_metric(_SAMPLING_AGENT_DECISION, sample_rate)
    elif mechanism != SamplingMechanism.DEFAULT:
        span.set_metric(_SAMPLING_RULE_DECISION, sample_rate)
    if mechanism != SamplingMechanism.DEFAULT:
        span.set_tag(KNUTH_SAMPLE_RATE_KEY, format_rate(sample_rate))
    keep, reject = SAMPLING_MECHANISM_TO_PRIORITIES[mechanism]
    span.context.sampling_priority = keep if sampled else reject
