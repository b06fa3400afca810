"""Shows which events the tracer tells, with what, and what execution contexts do, a line a case.

Run by compare.py with both interpreters.
"""

import asyncio
import logging
import re
import threading
import warnings

from ddtrace import tracer
from ddtrace.internal import core
from ddtrace.trace import Context

logging.getLogger("ddtrace").setLevel(logging.CRITICAL)
EVENTS = ["trace.span_start", "trace.span_finish", "span.exception", "web.request.final_tags",
          "trace.log_correlation_context", "ddtrace.context_provider.activate", "http.span_inject",
          "http.activate_distributed_headers", "distributed_context.activated", "tracer.wrap"]
told = []


def shown(value):
    if type(value).__name__ == "Span":
        return f"span {value.name}"
    if isinstance(value, type):
        return value.__name__
    if isinstance(value, BaseException):
        return repr(value)
    if isinstance(value, Context):
        return "context"
    if isinstance(value, (dict, str, int)) or value is None:
        return repr(sorted(value) if isinstance(value, dict) else value)
    return type(value).__name__


def listen():
    for event in EVENTS:
        core.on(event, lambda *args, event=event: told.append(
            f"{event}({', '.join(shown(a) for a in args)})"), "listener")


def show(name, call):
    told.clear()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            answer = shown(call())
        except BaseException as error:
            answer = f"{type(error).__name__}: {error}"
    answer = re.sub(r"0x[0-9a-f]+", "0x", answer)
    for warning in caught:
        answer += f" warned {warning.category.__name__}: {warning.message}"
    print(f"{name} | {answer} {' '.join(told)}".replace("\n", " "))


def one():
    with tracer.trace("a"):
        pass


def nested():
    with tracer.trace("a"), tracer.trace("b"):
        pass


def late_parent():
    parent = tracer.trace("a")
    child = tracer.trace("b")
    parent.finish()
    tracer.current_span()
    child.finish()


def unactivated():
    tracer.start_span("a").finish()
    tracer.start_span("b", activate=True).finish()


def raising():
    try:
        with tracer.trace("a"):
            raise ValueError("v")
    except ValueError:
        pass


def error_by_hand():
    with tracer.trace("a") as span:
        try:
            raise KeyError("k")
        except KeyError as error:
            span.set_exc_info(type(error), error, error.__traceback__)
        span.set_traceback()
        span.record_exception(ValueError("r"))


def activation():
    tracer.context_provider.activate(Context(1, 2))
    tracer.context_provider.activate(None)
    with tracer._activate_context(Context(3, 4)):
        pass
    tracer.context_provider.active()


def propagation():
    from ddtrace.contrib.trace_utils import activate_distributed_headers
    from ddtrace.propagation.http import HTTPPropagator

    headers = {}
    with tracer.trace("a") as span:
        HTTPPropagator.inject(span, headers)
        HTTPPropagator.inject(span.context, {})
    HTTPPropagator.extract(headers)
    activate_distributed_headers(tracer, request_headers=headers, override=True)
    tracer.context_provider.activate(None)
    activate_distributed_headers(tracer, request_headers={}, override=True)


def wrapped():
    @tracer.wrap("w")
    def function():
        pass

    function()


def disabled():
    tracer.enabled = False
    one()
    tracer.enabled = True


def tasks():
    async def main():
        with tracer.trace("outer"):
            await asyncio.create_task(inner())

    async def inner():
        with tracer.trace("inner"):
            await asyncio.sleep(0)

    asyncio.run(main())


def threads():
    thread = threading.Thread(target=one)
    with tracer.trace("outer"):
        thread.start()
        thread.join()


def listener_adds_tags():
    core.on("trace.log_correlation_context", lambda found: found.update(extra="x"), "adds")
    return tracer.get_log_correlation_context()


def contexts():
    def started(name):
        core.on(f"context.started.{name}", lambda ctx: told.append(f"started {ctx.identifier}"), "s")
        core.on(f"context.ended.{name}",
                lambda ctx, info: told.append(f"ended {ctx.identifier} {info[0]}"), "e")

    started("one")

    def plain():
        with core.context_with_data("one", a=1) as ctx:
            told.append(f"{ctx.get_item('a')} {ctx.find_item('a')} {core.current is ctx}")

    show("context", plain)

    def raised():
        with core.context_with_data("one"):
            raise ValueError("x")

    show("context raised", raised)

    def suppressed():
        with core.context_with_data("one") as ctx:
            ctx.add_suppress_exception(ValueError)
            raise ValueError("x")

    show("context suppressed", suppressed)

    def by_hand():
        with core.context_with_data("one", _dispatch_end_event=False) as ctx:
            pass
        told.append("after")
        ctx.dispatch_ended_event()
        ctx.dispatch_ended_event()

    show("context by hand", by_hand)
    show("context items", lambda: core.context_with_data("c", x=1).get_items(["x", "y"]))
    show("context keys", lambda: core.context_with_data("c", x=1)["x"])
    show("context name", lambda: core.context_with_data("c").identifier)
    show("context parent", lambda: core.context_with_data("c").parent.identifier)
    show("context root", lambda: core.context_with_data("c").root().identifier)
    show("context discard", lambda: discard(core.context_with_data("c", x=1)))
    show("context end event", lambda: core.context_with_data("c").event)
    show("current", lambda: core.current.identifier)
    show("tracer item", lambda: core.root.get_item("tracer") is tracer)
    show("unknown argument", lambda: core.context_with_data())
    show("no name", lambda: core.on(None, lambda: 1))
    show("no callback", lambda: core.on("x", None))
    show("dispatch number", lambda: core.dispatch(5))
    show("event", lambda: core.dispatch_event(object()))


def discard(ctx):
    ctx.discard_item("x")
    ctx.discard_item("nope")
    ctx.discard_local_item("nope")
    return ctx.get_item("x")


def schema():
    from ddtrace.internal import schema as s

    for name in sorted(n for n in dir(s) if n.startswith("schematize_")):
        function = getattr(s, name)
        for kwargs in ({}, {"database_provider": "d"}, {"cache_provider": "c"},
                       {"cloud_provider": "aws", "cloud_service": "s3"},
                       {"protocol": "http", "direction": "inbound"}, {"provider": "k", "direction": "processing"},
                       {"messaging_system": "k", "messaging_direction": "d"}):
            try:
                print(f"{name} {sorted(kwargs)} | {function('n', **kwargs)!r}")
            except TypeError as error:
                print(f"{name} {sorted(kwargs)} | TypeError {str(error)[:0]}")
    show("schema version", lambda: s.SCHEMA_VERSION)
    show("schema direction", lambda: [repr(d) for d in s.SpanDirection] and len(s.SpanDirection))


def deprecated():
    import ddtrace

    for name in ("Pin", "Span", "Tracer", "filters", "opentracer", "settings", "sampler", "pin",
                 "constants", "ext", "version", "__version__", "DDTraceDeprecationWarning", "config",
                 "patch", "patch_all", "tracer", "internal", "trace", "contrib", "propagation"):
        show(f"ddtrace.{name}", lambda: type(getattr(ddtrace, name)).__name__)
    show("ddtrace all", lambda: str(sorted(ddtrace.__all__)))
    show("deprecation", lambda: str([c.__name__ for c in ddtrace.DDTraceDeprecationWarning.__mro__]))
    for module in ("filters", "tracer", "opentracer", "pin", "settings", "span", "context", "provider",
                   "sampler", "monkey", "internal.trace_utils", "contrib.flask", "contrib.redis",
                   "contrib.trace_utils_async", "contrib.internal.flask.patch", "_logger", "auto"):
        show(f"import ddtrace.{module}", lambda: bool(__import__(f"ddtrace.{module}")))


listen()
for name, call in list(globals().items()):
    if callable(call) and call.__module__ == "__main__" and name in (
            "one", "nested", "late_parent", "unactivated", "raising", "error_by_hand", "activation",
            "propagation", "wrapped", "disabled", "tasks", "threads", "listener_adds_tags"):
        show(name, call)
core.reset_listeners()
for part in (contexts, schema, deprecated):
    part()
