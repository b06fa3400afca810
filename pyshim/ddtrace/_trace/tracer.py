"""The tracer: what is called for every span is native, the rest is here."""

from __future__ import annotations

from ddtrace import _native
from ddtrace._native import Context, Span, TracerBase
from ddtrace._trace.provider import BaseContextProvider, DefaultContextProvider

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging
    from collections.abc import Callable
    from typing import Any, ParamSpec, TypeVar

    from ddtrace._trace.processor import SpanAggregator, TraceProcessor
    from ddtrace._trace.provider import ActiveTrace

    P = ParamSpec("P")
    R = TypeVar("R")

__all__ = ["Tracer", "tracer"]


def _log() -> logging.Logger:
    from ddtrace.internal.logger import get_logger

    return get_logger("ddtrace._trace.tracer")


def _dispatch(event: str, argument: object) -> None:
    import sys

    hub = sys.modules.get("ddtrace.internal.core.event_hub")
    if hub is not None:  # else nobody listens
        hub.dispatch(event, (argument,))


def _trace_id_text(trace_id: int) -> str:
    return f"{trace_id:032x}" if trace_id >= 2**64 else str(trace_id)


_ENABLED: Any = vars(TracerBase)["enabled"]


class Tracer(TracerBase):
    """Makes spans. Use the global one, `ddtrace.trace.tracer`."""

    SHUTDOWN_TIMEOUT = 5
    _instance: Tracer | None = None

    def __init__(self) -> None:
        if "_provider" in vars(self):
            self._forget()
        self._provider: BaseContextProvider = DefaultContextProvider()
        self._wrap_executor: Callable[..., Any] | None = None
        own = _native.opt_out()  # by the settings: a product is on then
        self._products = {"appsec": own, "iast": False, "apm_off": own}
        self._aggregator: SpanAggregator | None = None
        self._on = True
        self._is_second = globals().get("tracer", self) is not self
        if Tracer._instance is None:
            if type(self) is Tracer:
                Tracer._instance = self
        elif type(self) is Tracer:
            _log().error(
                "Initializing multiple Tracer instances is not supported. "
                "Use ``ddtrace.trace.tracer`` instead."
            )

    def _forget(self) -> None:
        """As the settings made it: programs call `__init__` again to undo what they changed."""
        for replaced in ("start_span", "trace", "_common_tags"):
            vars(self).pop(replaced, None)
        if self._aggregator is not None:
            self._aggregator.restore()
        self.context_provider = DefaultContextProvider()
        if not self._is_second:
            TracerBase.set_tags(self, {})
        from ddtrace.internal.settings._config import config

        self.enabled = bool(config._tracing_enabled)

    @property
    def enabled(self) -> bool:
        """Whether traces are sent for their own sake; set it to stop or start that."""
        if self._is_second and not self._on:
            return False
        return bool(_ENABLED.__get__(self)) and not _native.opt_out()

    @enabled.setter
    def enabled(self, enabled: bool) -> None:
        if self._is_second:
            self._on = bool(enabled)
        else:
            _ENABLED.__set__(self, enabled)

    def _own(self, span: Span) -> None:
        """A tracer beside the first one has started it."""
        from ddtrace._trace._aggregator import TRACER_OF_SPAN

        span._set_ctx_item(TRACER_OF_SPAN, self)
        for key, value in (self.__dict__.get("_common_tags") or {}).items():
            span.set_tag(key, value)

    @property
    def context_provider(self) -> BaseContextProvider:
        """Keeps what is active."""
        return self._provider

    @context_provider.setter
    def context_provider(self, provider: BaseContextProvider) -> None:
        self._provider = provider
        _native.set_provider(None if type(provider) is DefaultContextProvider else provider)

    @property
    def _span_aggregator(self) -> SpanAggregator:
        if self._aggregator is None:
            from ddtrace._trace._aggregator import LiveAggregator, SecondAggregator

            self._aggregator = SecondAggregator() if self._is_second else LiveAggregator()
        return self._aggregator

    @property
    def _sampler(self) -> Any:
        return self._span_aggregator.sampling_processor.sampler

    @_sampler.setter
    def _sampler(self, sampler: Any) -> None:
        self._span_aggregator.sampling_processor.sampler = sampler

    @property
    def agent_trace_url(self) -> str | None:
        """The agent that gets the traces; None when something else gets them."""
        if self._aggregator is not None and self._aggregator.writer is not None:
            url = getattr(self._aggregator.writer, "intake_url", None)
            return None if url is None else str(url)
        return _native.agent_url()

    @property
    def _agent_url(self) -> str | None:
        return self.agent_trace_url

    @property
    def _pid(self) -> int:
        import os

        return os.getpid()

    def _recreate(self, *args: Any, **kwargs: Any) -> None:
        """What is waiting is sent; writer and processors stay."""
        self.flush()
        _native.flush_statistics(2.0)

    def _sample_before_fork(self) -> None:
        span = self.current_root_span()
        if span is not None and span.context.sampling_priority is None:
            self.sample(span)

    def _atexit(self) -> None:
        self.shutdown(timeout=self.SHUTDOWN_TIMEOUT)

    @property
    def debug_logging(self) -> bool:
        """Whether the tracer logs what it does."""
        import logging

        return _log().isEnabledFor(logging.DEBUG)

    @property
    def data_streams_processor(self) -> Any:
        """Deprecated: use `ddtrace.data_streams.data_streams_processor()`."""
        from ddtrace.internal.utils.deprecations import deprecate

        deprecate(
            "Tracer.data_streams_processor is deprecated",
            message="Use ddtrace.data_streams.data_streams_processor() instead.",
            removal_version="5.0.0",
        )
        return None

    @data_streams_processor.setter
    def data_streams_processor(self, value: object) -> None:
        from ddtrace.internal.utils.deprecations import deprecate

        deprecate(
            "Setting Tracer.data_streams_processor is unsupported", removal_version="5.0.0"
        )

    def _activate_context(self, context: ActiveTrace | None) -> _Activation:
        """Activates a context for the length of a `with`."""
        return _Activation(self, context)

    def configure(
        self,
        context_provider: BaseContextProvider | None = None,
        compute_stats_enabled: bool | None = None,
        appsec_enabled: bool | None = None,
        appsec_enabled_origin: str | None = "",
        iast_enabled: bool | None = None,
        apm_tracing_disabled: bool | None = None,
        trace_processors: list[TraceProcessor] | None = None,
    ) -> None:
        """Changes what is given, after all before is sent; None leaves a setting as it is.

        `compute_stats_enabled` says for whom spans are tagged; whether statistics are made is
        decided once, by DD_TRACE_STATS_COMPUTATION_ENABLED.
        """
        told = {"appsec": appsec_enabled, "iast": iast_enabled, "apm_off": apm_tracing_disabled}
        sending = (compute_stats_enabled, trace_processors, *told.values())
        if any(value is not None for value in sending):
            if self._aggregator is None:
                self.flush()
            else:
                self._aggregator._renew_writer()
            _native.flush_statistics(2.0)
        if compute_stats_enabled is not None:
            _native.kept_spans_tell_trace(compute_stats_enabled)
        if context_provider is not None:
            self.context_provider = context_provider
        if trace_processors is not None:
            self._span_aggregator.user_processors = trace_processors
        if any(value is not None for value in told.values()):
            self._products.update({k: v for k, v in told.items() if v is not None})
            products = self._products["appsec"] or self._products["iast"]
            on = self._products["apm_off"] and products
            if on != _native.opt_out():
                _native.opt_out(on)

    def set_tags(self, tags: dict[str, str]) -> None:
        """Tags for every later span."""
        self._tags.update(tags)

    @property
    def _tags(self) -> dict[str, str]:
        found: dict[str, str] | None = self.__dict__.get("_common_tags")
        return CommonTags(self) if found is None else found

    @_tags.setter
    def _tags(self, tags: dict[str, str]) -> None:
        CommonTags(self, tags)

    def get_log_correlation_context(
        self, active: Context | Span | None = None
    ) -> dict[str, str]:
        """What a log line needs to be found with its trace."""
        if active is None and self.enabled:
            active = self.context_provider.active()
        service, env, version, _ = _native.facts()
        trace_id = active.trace_id if active is not None else None
        span_id = active.span_id if active is not None else None
        found = {
            "dd.trace_id": _trace_id_text(trace_id) if trace_id else "0",
            "dd.span_id": str(span_id) if span_id else "0",
            "dd.service": service,
            "dd.version": version,
            "dd.env": env,
        }
        _dispatch("trace.log_correlation_context", found)
        return found

    def flush(self) -> None:
        """Sends what is waiting, in this thread."""
        if self._aggregator is None:
            super().flush()
        else:
            self._aggregator._flush()

    def shutdown(self, timeout: float | None = None) -> None:
        """Sends what is waiting and stops: later spans are made but not sent."""
        if not (self._on if self._is_second else _ENABLED.__get__(self)):
            return
        if self._aggregator is None:
            self.flush()
            _native.flush_statistics(2.0 if timeout is None else timeout)
        else:
            self._aggregator._stop_writer(timeout)
        from ddtrace._trace.processor import SpanProcessor

        for processor in list(SpanProcessor.__processors__):
            processor.shutdown(timeout)
        self.enabled = False
        self._wrap_executor = None
        self.context_provider.activate(None)
        vars(self).update(
            start_span=self._start_span_after_shutdown, trace=self._trace_after_shutdown
        )

    def _warn_of(self, span: Span) -> Span:
        _log().warning(
            "Spans started after the tracer has been shut down will not be sent to the "
            "Datadog Agent: %s.",
            span,
        )
        return span

    def _start_span_after_shutdown(self, *args: Any, **kwargs: Any) -> Span:
        return self._warn_of(TracerBase.start_span(self, *args, **kwargs))

    def _trace_after_shutdown(self, *args: Any, **kwargs: Any) -> Span:
        return self._warn_of(TracerBase.trace(self, *args, **kwargs))

    def wrap(
        self,
        name: str | None = None,
        service: str | None = None,
        resource: str | None = None,
        span_type: str | None = None,
    ) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """A decorator that traces every call, from the call to the end of its work."""

        def wrap_decorator(function: Callable[P, R]) -> Callable[P, R]:
            from ddtrace import _contrib
            from ddtrace._trace._wrap import default_name, innermost, wrap_function

            _dispatch("tracer.wrap", function)

            span_name = name or default_name(function)
            own_code = innermost(function)

            def start(_: tuple[Any, ...]) -> Span:
                span = self.trace(span_name, service, resource, span_type)
                _contrib.code_origin(own_code)
                return span

            def executor() -> Callable[..., Any] | None:
                given = self._wrap_executor
                if given is None:
                    return None
                return lambda called, args, kwargs: given(
                    self, called, args, kwargs, span_name, service, resource, span_type
                )

            return wrap_function(function, start, executor)

        return wrap_decorator


class CommonTags(dict[str, str]):
    """Tags of every span; spans get them as they are when they start."""

    def __init__(self, tracer: Tracer, tags: dict[str, str] | None = None) -> None:
        self._tracer = tracer
        tracer.__dict__["_common_tags"] = self
        if tags is None:
            from ddtrace import _contrib

            super().__init__(_contrib.process()[4])  # those of DD_TAGS, which spans get anyhow
        else:
            super().__init__(tags)
            self._changed()

    def _changed(self) -> None:
        if not self._tracer._is_second:
            TracerBase.set_tags(self._tracer, self)

    def __setitem__(self, key: str, value: str) -> None:
        super().__setitem__(key, value)
        self._changed()

    def update(self, *args: Any, **kwargs: Any) -> None:
        """As a dict does."""
        super().update(*args, **kwargs)
        self._changed()

    def clear(self) -> None:
        """As a dict does."""
        super().clear()
        self._changed()


class _Activation:
    """Activates a context for the length of a `with`, and what was active before after it."""

    def __init__(self, tracer: Tracer, context: ActiveTrace | None) -> None:
        self._tracer = tracer
        self._context = context

    def __enter__(self) -> None:
        self._before = self._tracer.context_provider.active()
        if isinstance(self._context, Context):
            self._context._reactivate = True
        self._tracer.context_provider.activate(self._context)

    def __exit__(self, *exc: object) -> None:
        if isinstance(self._context, Context):
            self._context._reactivate = False
        self._tracer.context_provider.activate(self._before)


tracer = Tracer()
