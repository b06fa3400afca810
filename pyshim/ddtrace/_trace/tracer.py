"""The tracer: what is called for every span is native, the rest is here."""

import functools
import inspect
from typing import Any, AsyncGenerator, Callable, Generator, Optional, TypeVar, Union, cast

from ddtrace import _native
from ddtrace._native import Context, Span, TracerBase
from ddtrace._trace.processor import TraceProcessor
from ddtrace._trace.provider import ActiveTrace, BaseContextProvider, DefaultContextProvider

AnyCallable = TypeVar("AnyCallable", bound=Callable[..., Any])


def _trace_id_text(trace_id: int) -> str:
    return f"{trace_id:032x}" if trace_id >= 2**64 else str(trace_id)


class Tracer(TracerBase):
    """Makes spans. Use the global one, `ddtrace.trace.tracer`."""

    SHUTDOWN_TIMEOUT = 5

    def __init__(self) -> None:
        self._provider: BaseContextProvider = DefaultContextProvider()

    @property
    def context_provider(self) -> BaseContextProvider:
        """Keeps what is active."""
        return self._provider

    @context_provider.setter
    def context_provider(self, provider: BaseContextProvider) -> None:
        self._provider = provider
        _native.set_provider(None if type(provider) is DefaultContextProvider else provider)

    def _activate_context(self, context: ActiveTrace) -> "_Activation":
        return _Activation(context)

    def configure(
        self,
        context_provider: Optional[BaseContextProvider] = None,
        compute_stats_enabled: Optional[bool] = None,
        appsec_enabled: Optional[bool] = None,
        appsec_enabled_origin: Optional[str] = "",
        iast_enabled: Optional[bool] = None,
        apm_tracing_disabled: Optional[bool] = None,
        trace_processors: Optional[list[TraceProcessor]] = None,
    ) -> None:
        """Changes what is given; None leaves a setting as it is."""
        if context_provider is not None:
            self.context_provider = context_provider
        if trace_processors is not None:
            _native.set_processors(list(trace_processors))

    def get_log_correlation_context(
        self, active: Optional[Union[Context, Span]] = None
    ) -> dict[str, str]:
        """What a log line needs to be found with its trace."""
        if active is None and self.enabled:
            active = self.context_provider.active()
        service, env, version, _ = _native.facts()
        trace_id = active.trace_id if active is not None else None
        span_id = active.span_id if active is not None else None
        own = active.service if isinstance(active, Span) else None
        return {
            "dd.trace_id": _trace_id_text(trace_id) if trace_id else "0",
            "dd.span_id": str(span_id) if span_id else "0",
            "dd.service": own or service,
            "dd.version": version,
            "dd.env": env,
        }

    def shutdown(self, timeout: Optional[float] = None) -> None:
        """Sends what is waiting and stops: later spans are made but not sent."""
        self.flush()
        self.enabled = False

    def wrap(
        self,
        name: Optional[str] = None,
        service: Optional[str] = None,
        resource: Optional[str] = None,
        span_type: Optional[str] = None,
    ) -> Callable[[AnyCallable], AnyCallable]:
        """A decorator that traces every call, from the call to the end of its work."""

        def decorate(function: AnyCallable) -> AnyCallable:
            span_name = name or f"{function.__module__}.{function.__name__}"

            def start() -> Span:
                return self.trace(span_name, service, resource, span_type)

            return cast(AnyCallable, _wrap(function, start))

        return decorate


class _Activation:
    """Activates a context for the length of a `with`, and what was active before after it."""

    def __init__(self, context: ActiveTrace) -> None:
        self._context = context

    def __enter__(self) -> ActiveTrace:
        self._before = _native.active()
        if isinstance(self._context, Context):
            self._context._reactivate = True
        _native.activate(self._context)
        return self._context

    def __exit__(self, *exc: object) -> None:
        if isinstance(self._context, Context):
            self._context._reactivate = False
        _native.activate(self._before)


def _wrap(function: Callable[..., Any], start: Callable[[], Span]) -> Callable[..., Any]:
    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def generate(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            with start():
                return (yield from function(*args, **kwargs))

        return generate
    if inspect.isasyncgenfunction(function):

        @functools.wraps(function)
        async def generate_async(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
            with start():
                generator = function(*args, **kwargs)
                try:
                    item = await generator.__anext__()
                    while True:
                        try:
                            sent = yield item
                        except GeneratorExit:
                            raise
                        except BaseException as error:
                            item = await generator.athrow(error)
                        else:
                            item = await generator.asend(sent)
                except StopAsyncIteration:
                    return
                finally:
                    await generator.aclose()

        return generate_async
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def run(*args: Any, **kwargs: Any) -> Any:
            with start():
                return await function(*args, **kwargs)

        return run

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        with start():
            return function(*args, **kwargs)

    return call


tracer = Tracer()
