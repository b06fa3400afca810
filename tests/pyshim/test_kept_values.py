"""No value of a tag keeps an object of the application alive."""

import gc
import sys
import unittest
import weakref

from ddtrace.trace import Context, tracer


class Plain:
    def __str__(self):
        return "plain"


class Text(str):
    pass


class Whole(int):
    pass


class Number(float):
    pass


class Data(bytes):
    pass


class Failure(Exception):
    pass


VALUES = {
    "object": Plain, "text": lambda: Text("text"), "integer": lambda: Whole(5), "number": lambda: Number(1.5),
    "bytes": lambda: Data(b"x"), "exception": lambda: Failure("x"), "function": lambda: lambda: 1,
    "class": lambda: type("Made", (), {}), "set": lambda: {Text("one")},
}

SETTERS = {
    "set_tag": lambda span, value: span.set_tag("key", value),
    "set_tag, as the name": lambda span, value: span.set_tag(value, "value"),
    "set_tag, in a list": lambda span, value: span.set_tag("key", [value]),
    "set_tag, in a dict": lambda span, value: span.set_tag("key", {"inner": value}),
    "_set_attribute": lambda span, value: span._set_attribute("key", value),
    "set_tags": lambda span, value: span.set_tags({"key": value}),
    "set_metric": lambda span, value: span.set_metric("key", value),
    "set_metrics": lambda span, value: span.set_metrics({"key": value}),
    "name": lambda span, value: setattr(span, "name", value),
    "service": lambda span, value: setattr(span, "service", value),
    "resource": lambda span, value: setattr(span, "resource", value),
    "span_type": lambda span, value: setattr(span, "span_type", value),
    "error": lambda span, value: setattr(span, "error", value),
    "event": lambda span, value: span._add_event("event", {"key": value, "list": [value]}),
    "set_link": lambda span, value: span.set_link(1, 2, attributes={"key": value}),
    "link_span": lambda span, value: span.link_span(Context(trace_id=1, span_id=2), {"key": value}),
    "record_exception": lambda span, value: span.record_exception(Failure(value), {"key": value}),
    "baggage": lambda span, value: span.context.set_baggage_item("key", value),
    "tag of the trace": lambda span, value: span.context._meta.__setitem__("key", value),
    "metric of the trace": lambda span, value: span.context._metrics.__setitem__("key", value),
    "origin": lambda span, value: setattr(span.context, "dd_origin", value),
    "priority": lambda span, value: setattr(span.context, "sampling_priority", value),
}


def keeps(span, setter, make):
    """Whether the value outlives the call; values without weak references are counted."""
    value = make()
    try:
        reference = weakref.ref(value)
    except TypeError:
        before = sys.getrefcount(value)
        try:
            setter(span, value)
        except Exception:
            pass
        gc.collect()
        return sys.getrefcount(value) != before
    try:
        setter(span, value)
    except Exception:
        pass
    del value
    gc.collect()
    return reference() is not None


class KeptValues(unittest.TestCase):
    def test_nothing_is_kept_while_the_span_is_open(self):
        kept = []
        for how, setter in SETTERS.items():
            for what, make in VALUES.items():
                with tracer.trace("root") as span:
                    if keeps(span, setter, make):
                        kept.append((how, what))
        self.assertEqual(kept, [])

    def test_what_keeps_a_value_is_seen(self):
        with tracer.trace("root") as span:
            self.assertTrue(keeps(span, lambda span, value: span._set_ctx_item("key", value), Plain))

    def test_a_structure_is_kept_until_the_span_ends(self):
        """It is sent as it is then: who set it may go on filling it."""
        for what, make in VALUES.items():
            span = tracer.start_span("root")
            value = make()
            before = sys.getrefcount(value)
            span._set_struct_tag("key", {"inner": value})
            self.assertGreater(sys.getrefcount(value), before, what)
            span.finish()
            del span
            gc.collect()
            self.assertEqual(sys.getrefcount(value), before, what)


if __name__ == "__main__":
    unittest.main()
