"""Span: links, events, errors, structured tags, callbacks and what else its object can do."""

import gc
import pickle
import sys
import unittest
import weakref

from ddtrace._trace._span_event import SpanEvent
from ddtrace._trace._span_link import SpanLink
from ddtrace.trace import Context, Span, tracer


def caught(kind, *args):
    try:
        raise kind(*args)
    except BaseException:
        return sys.exc_info()


class Subclasses(unittest.TestCase):
    def test_their_own_constructor_may_call_the_base(self):
        ended = []

        class Own(Span):
            def __init__(self, name, extra=None):
                super().__init__(name, service="ignored", on_finish=[ended.append])
                self.extra = extra

        span = Own("a", "s")
        self.assertEqual((span.name, span.service, span.extra), ("a", "s", "s"))
        span.finish()
        self.assertEqual(ended, [span])
        self.assertRaises(TypeError, span.__init__)


class Links(unittest.TestCase):
    def test_a_link_replaces_the_one_to_the_same_span(self):
        span = Span("a")
        span.set_link(1, 2)
        span.set_link(3, 2, tracestate="t", flags=1, attributes={"k": True})
        self.assertEqual(span._get_links(), [SpanLink(3, 2, "t", 1, {"k": "true"})])

    def test_attributes_are_flattened_to_texts(self):
        span = Span("a")
        span.set_link(1, 2, attributes={"a": [1, [True, None]], "e": (), "f": 1.5, "g": b"z"})
        self.assertEqual(span._get_links()[0].attributes,
                         {"a.0": "1", "a.1.0": "true", "a.1.1": "None", "f": "1.5", "g": "b'z'"})

    def test_a_context_is_linked_with_its_state(self):
        span = Span("a")
        span.link_span(Context(7, 8, meta={"tracestate": "vendor=1"}, sampling_priority=1), {"k": 1})
        [link] = span._get_links()
        self.assertEqual((link.trace_id, link.span_id, link.flags, link.attributes),
                         (7, 8, 1, {"k": "1"}))
        self.assertEqual(link.tracestate, "dd=s:1,vendor=1")

    def test_a_context_without_ids_is_warned_of_in_the_log(self):
        span = Span("a")
        with self.assertLogs("ddtrace", "WARNING"):
            span.link_span(Context(7, None))
        self.assertFalse(span._has_links())

    def test_span_pointers_are_always_appended_and_cannot_be_overridden(self):
        up = type("Direction", (), {"value": "u"})
        span = Span("a")
        span._add_span_pointer("kind", up, "hash", {"ptr.kind": "other", "x": 1})
        span._add_span_pointer("kind", up, "hash")
        first, second = span._get_links()
        self.assertEqual((first.trace_id, first.span_id), (0, 0))
        self.assertEqual(first.attributes, second.attributes | {"x": "1"})
        self.assertEqual(second.attributes, {"link.kind": "span-pointer", "ptr.kind": "kind",
                                             "ptr.dir": "u", "ptr.hash": "hash"})

    def test_links_are_values(self):
        link = SpanLink(1, 2, "t", 1, {"q": [1, 2]})
        self.assertEqual(pickle.loads(pickle.dumps(link)), link)
        self.assertRaises(TypeError, hash, link)
        self.assertRaises(AttributeError, setattr, link, "span_id", 5)
        self.assertEqual(link.to_dict(), {
            "trace_id": "0" * 31 + "1", "span_id": "0" * 15 + "2", "tracestate": "t", "flags": 1,
            "attributes": {"q.0": "1", "q.1": "2"}})
        self.assertRaises(ValueError, SpanLink, 0, 1)
        self.assertEqual(SpanLink(0, 0, _skip_validation=True).span_id, 0)

    def test_links_come_with_the_constructor_and_with_the_parent_context(self):
        self.assertEqual(len(Span("x", links=[SpanLink(1, 2), SpanLink(1, 2)])._get_links()), 1)
        self.assertRaises(TypeError, Span, "x", links=5)
        above = Context(1, 2)
        above._span_links = [SpanLink(5, 6)]
        with tracer.start_span("x", child_of=above) as span:
            self.assertEqual(span._get_links(), [SpanLink(5, 6)])


class Events(unittest.TestCase):
    def test_attributes_keep_their_kind(self):
        span = Span("a")
        given = {"i": 1, "b": True, "f": 1.5, "s": "x", "l": [1, "a"]}
        span._add_event("ev", given | {"t": (1, 2), "d": {}, "deep": [[1]]}, 5)
        [event] = span._get_events()
        self.assertEqual((event.name, event.time_unix_nano), ("ev", 5))
        self.assertEqual(event.attributes, given | {"t": "(1, 2)", "d": "{}", "deep": ["[1]"]})
        self.assertIs(event.attributes["b"], True)

    def test_time_is_now_or_zero(self):
        span = Span("a")
        for time in (None, -5, "x"):
            span._add_event("ev", None, time)
        now, *others = [event.time_unix_nano for event in span._get_events()]
        self.assertGreaterEqual(now, span.start_ns)
        self.assertEqual(others, [0, 0])

    def test_events_are_values(self):
        event = SpanEvent("e", {"a": 1}, 7)
        self.assertEqual(dict(pickle.loads(pickle.dumps(event))),
                         {"name": "e", "time_unix_nano": 7, "attributes": {"a": 1}})

    def test_an_exception_is_recorded_without_failing_the_span(self):
        span = Span("a")
        error = caught(ValueError, "boo")[1]
        span.record_exception(error, {"a": 1, "exception.type": "mine", "mixed": [1, "x"],
                                      "huge": 2**64, "inf": float("inf"), "tuple": (1,), "l": [1]})
        [event] = span._get_events()
        self.assertIn("ValueError: boo", event.attributes.pop("exception.stacktrace"))
        self.assertEqual(event.attributes,
                         {"exception.type": "mine", "exception.message": "boo", "a": 1, "l": [1]})
        self.assertEqual((span.error, span.get_tags()), (0, {}))

    def test_what_is_left_out_is_told_to_the_log(self):
        span = Span("a")
        with self.assertLogs("ddtrace._trace.span", "DEBUG") as told:
            span.record_exception(ValueError("boo"), {"deep": [[1]]})
            span.set_metric("odd", [])
        self.assertEqual([line.levelname for line in told.records], ["WARNING", "DEBUG"])
        self.assertIn("deep", told.output[0])
        self.assertIn("odd", told.output[1])


class Contexts(unittest.TestCase):
    def test_the_one_given_shares_what_the_trace_knows(self):
        given = Context(trace_id=5, span_id=6)
        for span in (Span("a", context=given), Span("b", trace_id=5, context=given)):
            span.context.sampling_priority = 2
            given.set_baggage_item("k", span.name)
            self.assertEqual(given.sampling_priority, 2)
            self.assertEqual(span.context.get_baggage_item("k"), span.name)
            self.assertEqual((span.context.trace_id, span.context.span_id), (span.trace_id, span.span_id))
            given.sampling_priority = None


class Errors(unittest.TestCase):
    def tags(self, kind, *args):
        span = Span("z")
        span.set_exc_info(*caught(kind, *args))
        return span.error, span.get_tag("error.type"), span.get_tag("error.message")

    def test_type_and_message(self):
        class Silent(Exception):
            def __str__(self):
                raise RuntimeError

        self.assertEqual(self.tags(ValueError, "x"), (1, "builtins.ValueError", "x"))
        self.assertEqual(self.tags(Silent), (1, "__main__.Silent", "Silent"))
        self.assertEqual(self.tags(SystemExit, 0), (0, None, None))
        self.assertEqual(self.tags(SystemExit), (1, "builtins.SystemExit", ""))

    def test_parts_that_are_missing_are_no_error(self):
        span = Span("z")
        span.set_exc_info(ValueError, ValueError("x"), None)
        self.assertEqual((span.error, span.get_tags()), (0, {}))

    def test_what_is_no_class_is_refused(self):
        span = Span("x")
        self.assertRaises(TypeError, span.set_exc_info, 1, 2, 3)
        self.assertRaises(AttributeError, span.set_exc_info, ValueError, ValueError("x"), 3)
        self.assertEqual((span.error, span.get_tags()), (0, {}))

    def test_ignored_types_are_no_error(self):
        span = Span("z")
        span._ignore_exception(LookupError)
        span.set_exc_info(*caught(KeyError))
        self.assertEqual(span.error, 0)

    def test_the_stack_has_the_newest_frames(self):
        def deep(left):
            if left == 0:
                raise ValueError
            other(left - 1)

        def other(left):
            deep(left)

        span = Span("z")
        try:
            deep(80)
        except ValueError:
            span.set_exc_info(*sys.exc_info())
            whole = span.get_tag("error.stack")
            span.set_exc_info(*sys.exc_info(), limit=2)
        self.assertEqual(whole.count("File "), 30)
        self.assertEqual(span.get_tag("error.stack").count("File "), 2)
        self.assertIn("in deep", span.get_tag("error.stack"))

    def test_a_traceback_without_exception_is_where_we_are(self):
        span = Span("z")
        span.set_traceback(1)
        self.assertIn("test_a_traceback_without", span.get_tag("error.stack"))
        self.assertEqual((span.error, span.get_tag("error.stack").count("File ")), (0, 1))
        try:
            raise ValueError
        except ValueError:
            span.set_traceback()
        self.assertEqual((span.error, span.get_tag("error.type")), (1, "builtins.ValueError"))


class Structs(unittest.TestCase):
    def test_they_are_kept_by_reference(self):
        span, value = Span("a"), {"b": {}}
        span._set_struct_tag("k", value)
        value["c"] = 1
        self.assertIs(span._get_struct_tag("k"), value)
        self.assertEqual(span._get_meta_structs(), {"k": {"b": {}, "c": 1}})
        self.assertTrue(span._has_meta_structs())
        span._remove_struct_tag("k")
        self.assertEqual(span._get_meta_structs(), {})
        self.assertRaises(TypeError, span._set_struct_tag, "k", 5)


class Setters(unittest.TestCase):
    def test_they_are_total(self):
        cases = [(0, 0, 0.0, 0, 0), (1.5, 1, 1.5, 0, 77), ("x", 0, 0.0, 0, 77),
                 (None, 0, 0.0, 0, 77), (float("nan"), 0, 0.0, 0, 77), (-5, -5, -5.0, -5, 77),
                 (2**70, 2**63 - 1, (2**63 - 1) / 1e9, 0, 77), (True, 1, 1.0, 1, 1)]
        for value, start_ns, start, error, span_id in cases:
            with self.subTest(value=value):
                span = Span("x", span_id=77)
                span.start_ns = span.error = span.span_id = value
                self.assertEqual((span.start_ns, span.error, span.span_id),
                                 (start_ns, error, span_id))
                span.start = value
                self.assertEqual(span.start, start)
                span.name = span.service = span.resource = span.span_type = 5
                self.assertEqual((span.name, span.service, span.resource, span.span_type),
                                 ("", None, "", None))

    def test_bytes_and_none_read_as_they_were_given(self):
        with tracer.trace(b"n", service=b"s", resource=b"r", span_type=b"t") as span:
            self.assertEqual((span.name, span.service, span.resource, span.span_type),
                             (b"n", b"s", b"r", b"t"))
            span.name = span.resource = None
            self.assertEqual((span.name, span.resource), (None, None))
            self.assertEqual(tracer.start_span("c", child_of=span).service, b"s")
            span.service = b"\xff"
            self.assertIsNone(span.service)
        self.assertEqual(Span(b"n").resource, b"n")
        span = Span("n")
        span.set_tag("service.name", b"y")
        self.assertEqual((span.service, span.get_tag("service.name")), (b"y", "b'y'"))

    def test_nothing_is_deleted(self):
        for name in ("name", "service", "start", "error", "trace_id", "context"):
            self.assertRaises(AttributeError, delattr, Span("x"), name)

    def test_code_of_the_application_may_open_spans_while_a_tag_is_set(self):
        class Tricky:
            def __str__(self):
                with tracer.trace("inner") as inner:
                    inner.set_tag("a", "b")
                return "done"

        with tracer.trace("outer") as outer:
            outer.set_tag("t", Tricky())
            outer.set_link(1, 2, attributes={"t": Tricky()})
            outer._add_event("e", {"t": Tricky()})
            self.assertIs(tracer.current_span(), outer)
        self.assertEqual(outer.get_tag("t"), "done")
        self.assertEqual(outer._get_events()[0].attributes, {"t": "done"})


class Arguments(unittest.TestCase):
    def test_they_may_be_given_by_name(self):
        span = Span(name="x")
        span.set_tag(key="a", value="b")
        span.set_tags(tags={"c": "d"})
        span.set_metric(key="m", value=1)
        span.set_metrics(metrics={"n": 2})
        span._set_attribute(key="e", value="f")
        self.assertEqual((span.get_tag(key="a"), span.get_metric(key="n"), span.get_tags()),
                         ("b", 2, {"a": "b", "c": "d", "e": "f"}))
        span.remove_tag(key="a")
        span.remove_metric(key="m")
        self.assertEqual(span._get_attributes(), {"c": "d", "n": 2, "e": "f"})
        for wrong in (lambda: span.get_tag(), lambda: span.get_tag("a", "b"),
                      lambda: span.get_tag(name="a"), lambda: span.set_tag(),
                      lambda: span.set_tag("a", "b", "c"), lambda: span.set_tag("a", key="b")):
            self.assertRaises(TypeError, wrong)
        span._finish_ns(finish_time_ns=span.start_ns + 1)
        context = span.context
        context.set_baggage_item(key="k", value="v")
        self.assertEqual(context.get_baggage_item(key="k"), "v")
        context.remove_baggage_item(key="k")


class Finish(unittest.TestCase):
    def test_callbacks_run_once_and_in_order(self):
        seen = []
        span = tracer.trace("x")
        span._on_finish_callbacks.append(lambda s: seen.append("after"))
        span._on_finish_callbacks.insert(0, lambda s: seen.append(("before", s.finished)))
        span.finish()
        span.finish()
        self.assertEqual(seen, [("before", True), "after"])
        self.assertIsNone(tracer.current_span())

    def test_a_failing_callback_is_heard_of_but_not_in_a_with(self):
        span = Span("x", on_finish=[lambda s: 1 / 0])
        self.assertRaises(ZeroDivisionError, span.finish)
        self.assertTrue(span.finished)
        with Span("x", on_finish=[lambda s: 1 / 0]):
            pass

    def test_times_are_seconds_or_nanoseconds(self):
        span = Span("x", start=1)
        span.finish(3.5)
        self.assertEqual((span.duration, span.duration_ns), (2.5, 2_500_000_000))
        span = Span("x", start=1)
        span._finish_ns(1_000_000_007)
        self.assertEqual(span.duration_ns, 7)

    def test_a_decision_by_hand_is_of_the_whole_trace(self):
        with tracer.trace("root") as root, tracer.trace("child") as child:
            child.set_tag("manual.drop")
            self.assertEqual(root.context.sampling_priority, -1)
            child.set_tag("manual.keep", False)
            self.assertEqual(root.context.sampling_priority, 2)
            self.assertEqual(root.context._meta["_dd.p.dm"], "-4")
            self.assertNotIn("manual.keep", child.get_tags())


class Object(unittest.TestCase):
    def test_equality_is_identity(self):
        self.assertNotEqual(Span("a"), Span("a"))
        self.assertRaises(TypeError, pickle.dumps, Span("a"))

    def test_subclasses_may_have_more(self):
        class Mine(Span):
            def __init__(self, *args, **kwargs):
                super().__init__(*args, **kwargs)
                self.extra = 1

        span = Mine("x", service="s")
        self.assertEqual((span.name, span.service, span.extra), ("x", "s", 1))
        self.assertRaises(AttributeError, setattr, Span("x"), "extra", 1)

    def test_cycles_are_collected(self):
        span = Span("x")
        span._set_ctx_item("self", span)
        span._set_struct_tag("s", {"span": span})
        span._on_finish_callbacks.append(span.finish)
        gone = weakref.ref(span)
        del span
        gc.collect()
        self.assertIsNone(gone())

    def test_items_travel_with_it(self):
        span = Span("x")
        self.assertIsNone(span._store)
        span._set_ctx_item("a", 1)
        span._set_ctx_items({"b": 2})
        self.assertEqual((span._get_ctx_item("a"), span._get_ctx_item("c"), span._store),
                         (1, None, {"a": 1, "b": 2}))

    def test_who_made_it(self):
        self.assertEqual(Span("x")._span_api, "datadog")
        with tracer.start_span("x", span_api="otel") as span:
            self.assertEqual(span._span_api, "otel")

    def test_its_text(self):
        span = Span("x", trace_id=1, span_id=2, parent_id=3)
        self.assertEqual(str(span), "<Span(id=2,trace_id=1,parent_id=3,name=x)>")
        self.assertIn("Span(name='x', span_id=2, parent_id=3, trace_id=1, service='None'", repr(span))


class Subclasses(unittest.TestCase):
    def test_a_block_ends_with_the_finish_of_the_class(self):
        ended = []

        class Own(Span):
            def finish(self, finish_time=None):
                ended.append(self.name)
                super().finish(finish_time)

        with Own("mine") as span:
            pass
        self.assertEqual((ended, span.finished), (["mine"], True))


if __name__ == "__main__":
    unittest.main()
