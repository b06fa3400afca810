"""The client: what an application does with one object."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import Any, ParamSpec, TypeVar

from ddtrace import _native
from ddtrace._logger import DD_LOG_FORMAT
from ddtrace.datadog._config import DDConfig
from ddtrace.datadog._logs import DDLogHandler, Logs
from ddtrace.datadog._metrics import Metrics, tag_list
from ddtrace.internal.logger import get_logger

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator

    from ddtrace._trace.span import Span
    from ddtrace.datadog._metrics import Tags

P = ParamSpec("P")
R = TypeVar("R")
log = get_logger(__name__)

latest: DDClient | None = None  # that the program has made

_NO_PROFILER = (
    "there is no profiler in this ddpython yet: leave profiling_enabled unset, or profile with "
    "another tool"
)


def _put_in(msg: object, args: tuple[object, ...]) -> str:
    """A message with its arguments; never an error of the program that only wanted to log."""
    if not args:
        return str(msg)
    try:
        return str(msg) % args
    except (TypeError, ValueError, KeyError):
        return f"{msg} {args!r}"


class DDClient:
    """Traces, metrics and logs of one application.

    >>> client = DDClient(DDConfig(service="shop", env="prod", version="1.2"))

    Without a configuration everything comes from the environment. Service, env and version are
    those of the whole process from then on.
    """

    log_format = DD_LOG_FORMAT

    def __init__(self, config: DDConfig | None = None) -> None:
        self.config = config if config is not None else DDConfig()
        self._fall_back()
        self._metrics = Metrics(self.config)
        self._logs = Logs(self.config)
        self._open = True
        self._apply()
        global latest
        latest = self
        import atexit

        atexit.register(self._at_exit)

    # --- settings

    def _fall_back(self) -> None:
        """What the user has not said is what the process knows."""
        from ddtrace import config as process

        for name in ("service", "env", "version"):
            if getattr(self.config, name):
                setattr(process, name, getattr(self.config, name))
            else:
                setattr(self.config, name, getattr(process, name) or "")

    def _apply(self) -> None:
        from ddtrace._trace.tracer import tracer

        config = self.config
        if config.origin("tracing_enabled") != "default":
            tracer.enabled = config.tracing_enabled
        if not config.remote_configuration_enabled:
            _native.remote_config_pause()
        if config.is_user_set("agent_url") and tracer.agent_trace_url != config.agent_url:
            log.warning(
                "traces are sent to %s: another agent is known at the start of the process only, "
                "by DD_TRACE_AGENT_URL",
                tracer.agent_trace_url,
            )
        # Those of the environment are in force already, with what rows here cannot say.
        if config.origin("tracing_sampling_rules") in ("argument", "default_config"):
            self._set_sampling_rules()
        for name, settings in config.tracing_integration_configs.items():
            self._set_integration(name, settings)
        if config.tracing_patch:
            self.patch(config.tracing_modules) if config.tracing_modules else self._patch_all()
        if config.runtime_metrics_enabled:
            from ddtrace.runtime import RuntimeMetrics

            RuntimeMetrics.enable(dogstatsd_url=self._metrics.statsd_url())
        for name, product in (("profiling_enabled", "profiler"),
                              ("security_enabled", "application security"),
                              ("llmobs_enabled", "LLM Observability")):
            if getattr(config, name):
                log.warning("%s is set, but this ddpython has no %s yet", name, product)

    def _set_sampling_rules(self) -> None:
        import json

        from ddtrace._trace.tracer import tracer

        rules = []
        for service, env, rate in self.config.tracing_sampling_rules:
            rule: dict[str, Any] = {"sample_rate": rate}
            if service is not None:
                rule["service"] = service
            if env is not None:
                rule["tags"] = {"env": env}
            rules.append(rule)
        tracer._sampler.set_sampling_rules(json.dumps(rules))

    def _set_integration(self, name: str, settings: Any) -> None:
        from ddtrace import config as process

        for key, value in dict(settings).items():
            getattr(process, name)[key] = value

    def _patch_all(self) -> None:
        from ddtrace._monkey import _patch_all

        _patch_all()

    # --- traces

    def trace(
        self,
        name: str,
        service: str | None = None,
        resource: str | None = None,
        span_type: str | None = None,
    ) -> Span:
        """Starts and activates a span; use it with `with`."""
        from ddtrace._trace.tracer import tracer

        return tracer.trace(name, service, resource, span_type)

    def traced(
        self,
        name: str | None = None,
        service: str | None = None,
        resource: str | None = None,
        span_type: str | None = None,
    ) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """A decorator that traces every call."""
        from ddtrace._trace.tracer import tracer

        return tracer.wrap(name, service, resource, span_type)

    def patch(self, modules: list[str]) -> None:
        """Traces these libraries. Raises for one that is not known."""
        from ddtrace._monkey import patch

        patch(raise_errors=True, **{name: True for name in modules})

    def flush_traces(self, timeout: float = 10.0) -> bool:
        """Sends the traces that are waiting; False when they were not taken in time."""
        from ddtrace._trace.tracer import tracer

        if tracer._aggregator is not None:  # a writer of the program sends them
            tracer.flush()
            return True
        return _native.flush_traces(timeout)

    # --- metrics

    def _current(self) -> Span | None:
        from ddtrace._trace.tracer import tracer

        return tracer.current_span()

    def count(self, metric_name: str | None = None, count: float = 1, tags: Tags = None) -> None:
        """Adds to a count; its name is that of the active span with `.count` when none is given."""
        span = self._current()
        if metric_name is None:
            if span is None:
                raise ValueError("No metric name possible: give one, or count inside of a span")
            metric_name = f"{span.name}.count"
        self._metrics.add(
            metric_name, "count", count, tag_list(tags) + self._metrics.common_tags(span)
        )

    def gauge(self, metric_name: str, val: float, tags: Tags = None) -> None:
        """The value of something now; inside of a span its name comes first."""
        span = self._current()
        name = f"{span.name}.{metric_name}" if span is not None else metric_name
        self._metrics.add(name, "gauge", val, tag_list(tags) + self._metrics.common_tags(span))

    @contextlib.contextmanager
    def measure(self, metric_name: str, tags: Tags = None) -> Iterator[None]:
        """How long the block takes, in nanoseconds, as a distribution."""
        start = time.perf_counter_ns()
        try:
            yield
        finally:
            taken = time.perf_counter_ns() - start
            every = tag_list(tags) + self._metrics.common_tags(self._current())
            self._metrics.add(metric_name, "distribution", taken, every)

    def flush_metrics(self, timeout: float = 10.0) -> bool:
        """Sends the metrics that are waiting; False at the timeout. Raises FlushError."""
        return self._metrics.flush(timeout)

    # --- logs

    def log(self, level: str, msg: str, tags: Tags = None, *args: object) -> None:
        """Sends a message with the name of the caller's module; `args` are put in as logging does."""
        self._log(level, msg, tags, args)

    def _log(self, level: str, msg: str, tags: Tags, args: tuple[object, ...]) -> None:
        module = sys._getframe(2).f_globals.get("__name__", "")
        self._logs.add(str(level).lower(), f"{module}: {_put_in(msg, args)}", tags)

    def debug(self, msg: str, *args: object, tags: Tags = None) -> None:
        """A message for who looks for an error."""
        self._log("debug", msg, tags, args)

    def info(self, msg: str, *args: object, tags: Tags = None) -> None:
        """A message of what is usual."""
        self._log("info", msg, tags, args)

    def warning(self, msg: str, *args: object, tags: Tags = None) -> None:
        """A message of what is unusual."""
        self._log("warn", msg, tags, args)

    def error(self, msg: str, *args: object, tags: Tags = None) -> None:
        """A message of what has failed."""
        self._log("error", msg, tags, args)

    def exception(self, msg: str, *args: object, tags: Tags = None) -> None:
        """A message with the exception that is being handled."""
        import traceback

        text = _put_in(msg, args)
        if sys.exc_info()[0] is not None:
            text += "\n" + traceback.format_exc()
        self._log("error", text, tags, ())

    @property
    def LogHandler(self) -> Callable[..., DDLogHandler]:
        """The class of handlers, for this client."""
        client = self

        class LogHandler(DDLogHandler):
            """Brings records to the client it was asked of."""

            def __init__(self, level: int | str = 0) -> None:
                super().__init__(client, level)

        return LogHandler

    def getLogger(self, name: str | None = None) -> logging.Logger:
        """The logger of that name, with a handler that sends its records."""
        import logging

        logger = logging.getLogger(name)
        if not any(isinstance(h, DDLogHandler) and h._client is self for h in logger.handlers):
            logger.addHandler(DDLogHandler(self))
        return logger

    def flush_logs(self, timeout: float = 10.0) -> bool:
        """Sends the logs that are waiting; False at the timeout. Raises FlushError."""
        return self._logs.flush(timeout)

    # --- profiles

    def profiling_start(self, *args: object) -> None:
        """Starts the profiler. Raises RuntimeError: there is none yet."""
        raise RuntimeError(_NO_PROFILER)

    def profiling_stop(self, *args: object) -> None:
        """Stops the profiler. Raises RuntimeError: there is none yet."""
        raise RuntimeError(_NO_PROFILER)

    def flush_profiles(self) -> None:
        """Sends the profiles that are waiting: none."""

    # --- all

    def flush(self, timeout: float = 10.0) -> bool:
        """Sends all that is waiting; False at the timeout. Raises FlushError for the first kind that
        was not taken, after all were sent."""
        until = time.monotonic() + timeout
        failed: Exception | None = None
        done = True
        for send in (self.flush_traces, self.flush_metrics, self.flush_logs):
            try:
                done = send(max(0.0, until - time.monotonic())) and done
            except RuntimeError as error:
                failed = failed or error
        if failed is not None:
            raise failed
        return done

    def shutdown(self, timeout: float = 5.0) -> None:
        """Sends all that is waiting and stops; what was not taken is told in the log."""
        if not self._open:
            return
        self._open = False
        import atexit

        atexit.unregister(self._at_exit)
        try:
            self.flush(timeout)
        except RuntimeError as error:
            log.error("%s", error)
        self._metrics.close()
        if self.config.runtime_metrics_enabled:
            from ddtrace.runtime import RuntimeMetrics

            RuntimeMetrics.disable()

    def _at_exit(self) -> None:
        self.shutdown(2.0)

    def __repr__(self) -> str:
        return f"DDClient({self.config!r})"
