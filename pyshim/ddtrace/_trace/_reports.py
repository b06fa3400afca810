"""Tells the log what native code cannot tell: what code of the application raised, or asked for."""

from __future__ import annotations

from ddtrace.internal.logger import get_logger

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ddtrace._native import Context, Span

log = get_logger("ddtrace._trace.processor")


def report(event: str, what: object, trace: Sequence[Span], error: BaseException) -> None:
    """A processor or a writer failed with a trace."""
    trace_id = trace[0].trace_id if trace else 0
    if event == "processor":
        log.error("error applying processor %r to trace %d", what, trace_id, exc_info=error)
    else:
        log.error("error closing trace %d with %r", trace_id, what, exc_info=error)


def bad_link(context: Context) -> None:
    """A link was asked for to a context without ids."""
    text = f"no link without both ids: trace_id={context.trace_id}, span_id={context.span_id}"
    from ddtrace.internal.settings._config import config

    if config._raise:
        raise ValueError(text)
    get_logger("ddtrace._trace.span").warning("%s", text)


def attribute_left_out(name: object, value: object) -> None:
    """An exception was recorded with an attribute that cannot be sent."""
    get_logger("ddtrace._trace.span").warning(
        "record_exception: attribute %s is left out: %r is no text, no boolean, no finite number "
        "of 64 bits and no list of one of them",
        name,
        value,
    )


def metric_left_out(name: object, value: object) -> None:
    """A metric was set to what is no number."""
    get_logger("ddtrace._trace.span").debug("metric %s is left out: %r is no number", name, value)
