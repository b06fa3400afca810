"""A program whose types are checked: `mypy --strict` accepts it and sees what is said here."""

from typing import Any, AsyncIterator, Callable, Iterator, Optional, Union, assert_type

from ddtrace.constants import MANUAL_KEEP_KEY, USER_KEEP
from ddtrace.ext import SpanTypes, http
from ddtrace.propagation.http import HTTPPropagator
from ddtrace.trace import BaseContextProvider, Context, Span, TraceFilter, tracer


class Drop(TraceFilter):
    def process_trace(self, trace: list[Span]) -> Optional[list[Span]]:
        return None if trace[0].get_tag("drop") else trace


class Provider(BaseContextProvider):
    kept: Union[Span, Context, None] = None

    def _has_active_context(self) -> bool:
        return self.kept is not None

    def activate(self, ctx: Union[Span, Context, None]) -> None:
        self.kept = ctx

    def active(self) -> Union[Span, Context, None]:
        return self.kept


@tracer.wrap("add", service="math")
def add(left: int, right: int = 1) -> int:
    return left + right


@tracer.wrap()
async def fetch(url: str) -> bytes:
    return url.encode()


@tracer.wrap()
def numbers(count: int) -> Iterator[int]:
    yield from range(count)


@tracer.wrap()
async def lines() -> AsyncIterator[str]:
    yield "line"


def before(span: Span) -> None:
    span.set_tag("late", "1")


def main() -> None:
    tracer.configure(trace_processors=[Drop()], context_provider=Provider())
    with tracer.trace("web", service="shop", resource="GET /", span_type=SpanTypes.WEB) as span:
        assert_type(span, Span)
        span.set_tag(http.URL, "http://localhost/")
        span.set_tag(MANUAL_KEEP_KEY)
        span.set_metric("size", 1.5)
        span.set_tags({"a": "b"})
        assert_type(span.get_tag("a"), Optional[str])
        assert_type(span.get_metric("size"), Union[int, float, None])
        assert_type(span.duration, Optional[float])
        assert_type(span.context.sampling_priority, Union[int, float, None])
        span.set_link(1, 2, attributes={"k": [1, "x"]})
        span.link_span(Context(trace_id=1, span_id=2, sampling_priority=USER_KEEP))
        span._on_finish_callbacks.append(before)
        try:
            raise ValueError
        except ValueError as error:
            span.record_exception(error, {"k": 1})
            span.set_exc_info(type(error), error, error.__traceback__)
        headers: dict[str, str] = {}
        HTTPPropagator.inject(span.context, headers)
        found = HTTPPropagator.extract(headers)
        child = tracer.start_span("child", child_of=found, activate=True)
        assert_type(child, Span)
        child.finish()
    assert_type(add(1, right=2), int)
    assert_type(list(numbers(3)), list[int])
    assert_type(tracer.current_span(), Optional[Span])
    assert_type(tracer.current_trace_context(), Optional[Context])
    assert_type(tracer.get_log_correlation_context(), dict[str, str])
    typed: Callable[[int], Any] = add
    typed(1)
    tracer.flush()
    tracer.shutdown(timeout=1)


def decide() -> bool:
    from ddtrace._trace.sampler import DatadogSampler, RateSampler
    from ddtrace._trace.sampling_rule import SamplingRule

    sampler = DatadogSampler(rules=[SamplingRule(0.5, service="web-*")], rate_limit=10)
    sampler.update_rate_by_service_sample_rates({"service:a,env:b": 0.1})
    span = tracer.start_span("x")
    return sampler.sample(span) or RateSampler(0.5).sample(span)


def one_client() -> None:
    from datadog import DDClient, DDConfig, FlushError

    config = DDConfig(service="shop", env="prod", version="1", tracing_modules=["flask"])
    client = DDClient(config)

    @client.traced("work")
    def work(number: int) -> str:
        client.count("done", tags={"kind": "x"})
        return str(number)

    text: str = work(1)
    with client.measure("took", tags=["a:b"]):
        client.info("made %s", text)
    client.getLogger("x").warning("careful")
    try:
        done: bool = client.flush(timeout=1.0)
        assert done and config.is_user_set("service")
    except FlushError as error:
        code: int = error.status
        assert code


def who() -> None:
    from ddtrace.appsec.track_user_sdk import track_login_success
    from ddtrace.llmobs.decorators import workflow

    @workflow
    def steps() -> None:
        track_login_success("name", user_id="1", metadata={"a": "b"})

    steps()


if __name__ == "__main__":
    main()
