"""The tracer's own interface: spans, tags, errors and links."""

import decimal

from ddtrace.trace import tracer


class Odd:
    def __str__(self):
        return "odd"


def fail():
    raise ValueError("failed here")


with tracer.trace("outer", service="own", resource="a resource", span_type="custom") as outer:
    outer.set_tag("text", "text")
    outer.set_tag("unicode", "ünï")
    outer.set_tag("bytes", b"bytes")
    outer.set_tag("int", 5)
    outer.set_tag("big", 2**70)
    outer.set_tag("negative", -5)
    outer.set_tag("float", 1.5)
    outer.set_tag("inf", float("inf"))
    outer.set_tag("true", True)
    outer.set_tag("false", False)
    outer.set_tag("none", None)
    outer.set_tag("novalue")
    outer.set_tag("list", [1, "a"])
    outer.set_tag("dict", {"a": 1})
    outer.set_tag("odd", Odd())
    outer.set_tag("decimal", decimal.Decimal("1.10"))
    outer.set_tag("empty", "")
    outer.set_tag("long", "x" * 30000)
    outer.set_tag("http.status_code", 200)
    outer.set_tags({"one": "1", "two": 2})
    outer.set_metric("metric.int", 3)
    outer.set_metric("metric.float", 0.25)
    outer.set_metric("metric.text", "7")
    outer.set_metric("metric.bad", "seven")
    outer.set_tag("both", "text")
    outer.set_metric("both", 1)
    print(outer.get_tag("text"), outer.get_tag("int"), outer.get_metric("int"))
    print(outer.name, outer.service, outer.resource, outer.span_type, outer.error)
    print(tracer.current_span() is outer, tracer.current_root_span() is outer)
    with tracer.trace("inner") as inner:
        print(inner.service, inner.resource, inner.parent_id == outer.span_id)
        inner.set_tag("service.name", "renamed")
    with tracer.trace("other service", service="other"):
        with tracer.trace("below other"):
            pass
    try:
        with tracer.trace("failing"):
            fail()
    except ValueError:
        print("caught")
    with tracer.trace("flagged") as flagged:
        flagged.error = 1
        flagged.set_tag("error.message", "own message")
    with tracer.trace("caught") as caught:
        try:
            fail()
        except ValueError as error:
            caught.set_exc_info(type(error), error, error.__traceback__)
    with tracer.trace("recorded") as recorded:
        try:
            fail()
        except ValueError as error:
            recorded.record_exception(error, {"own": 1})
    with tracer.trace("linked") as linked:
        linked.link_span(outer.context, {"why": "test", "n": 1, "l": [1, 2]})
        linked.set_link(trace_id=7, span_id=8, tracestate="dd=s:1", flags=1)
    print(tracer.current_span() is outer)

with tracer.trace("manual keep") as kept:
    kept.set_tag("manual.keep")
with tracer.trace("manual drop") as dropped:
    dropped.set_tag("manual.drop")
with tracer.trace("version") as span:
    span.set_tag("service.version", "2.0")
with tracer.trace("measured") as span:
    span.set_tag("_dd.measured")
with tracer.trace("exits"):
    try:
        with tracer.trace("exit zero"):
            raise SystemExit(0)
    except SystemExit:
        pass
    try:
        with tracer.trace("exit one"):
            raise SystemExit(1)
    except SystemExit:
        pass

parent = tracer.start_span("started parent", activate=False)
child = tracer.start_span("started child", child_of=parent)
print(tracer.current_span())
child.finish()
parent.finish()
parent.finish()
detached = tracer.start_span("activated", activate=True)
print(tracer.current_span() is detached)
detached.finish()
print(tracer.current_span())

early = tracer.trace("ends first")
late = tracer.trace("ends last")
early.finish()
print(tracer.current_span() is late)
late.finish()
print(tracer.current_span())


@tracer.wrap()
def plain(a, b=2):
    """A docstring."""
    return a + b


@tracer.wrap("named", service="wrapped", resource="r", span_type="web")
def named():
    return tracer.current_span().name


@tracer.wrap()
def raising():
    fail()


@tracer.wrap()
def generator():
    yield tracer.current_span().name
    yield 2


class Thing:
    @tracer.wrap()
    def method(self):
        return "method"

    @staticmethod
    @tracer.wrap("static")
    def static():
        return "static"


print(plain(1), plain.__name__, plain.__doc__, named(), list(generator()))
print(Thing().method(), Thing.static())
try:
    raising()
except ValueError as error:
    print(error)
with tracer.trace("many"):
    for number in range(3):
        tracer.trace(f"sibling {number}").finish()
