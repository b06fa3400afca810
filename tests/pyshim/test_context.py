"""Context: identity, and facts that all of a trace share."""

import json
import pickle
import unittest

from ddtrace.trace import Context, tracer


class Fields(unittest.TestCase):
    def test_ids_are_kept_when_a_new_one_is_none(self):
        context = Context(1, 2)
        for bad in ("x", -1, 2**130, 1.5):
            context.trace_id = bad
            context.span_id = bad
            self.assertEqual((context.trace_id, context.span_id), (1, 2))
        context.trace_id, context.span_id = 2**100, 7
        self.assertEqual((context.trace_id, context._trace_id_64bits, context.span_id), (2**100, 0, 7))
        context.trace_id = context.span_id = None
        self.assertEqual((context.trace_id, context.span_id), (None, None))

    def test_a_zero_that_was_given_is_not_none(self):
        context = Context(0, 0)
        self.assertEqual((context.trace_id, context.span_id), (0, 0))
        self.assertNotEqual(context, Context())
        self.assertEqual(pickle.loads(pickle.dumps(context)).trace_id, 0)
        context.trace_id = None
        self.assertIsNone(context.trace_id)

    def test_an_origin_that_cannot_be_sent_is_dropped(self):
        self.assertIsNone(Context(1, 2, dd_origin="é").dd_origin)
        self.assertEqual(Context(1, 2, dd_origin="rum").dd_origin, "rum")
        self.assertEqual(Context(1, 2, dd_origin="rum")._meta, {"_dd.origin": "rum"})

    def test_the_user_is_encoded(self):
        context = Context(1, 2)
        context.dd_user_id = "bob"
        self.assertEqual((context.dd_user_id, context._meta), ("bob", {"_dd.p.usr.id": "Ym9i"}))
        context.dd_user_id = None
        self.assertEqual(context._meta, {})

    def test_the_header_forms(self):
        context = Context(1, 2, sampling_priority=2, is_remote=False)
        self.assertEqual(context._traceparent, f"00-{1:032x}-{2:016x}-01")
        self.assertEqual((context._traceflags, context._tracestate), ("01", "dd=s:2"))
        self.assertEqual(Context()._traceparent, "")

    def test_types_are_checked_where_a_dict_is_needed(self):
        self.assertRaises(TypeError, Context, 1, 2, meta="x")
        self.assertRaises(TypeError, setattr, Context(), "_meta", None)
        self.assertRaises(TypeError, Context().set_baggage_item, 5, "x")


class Maps(unittest.TestCase):
    def test_they_are_dicts(self):
        context = Context(1, 2, meta={"a": "x"}, metrics={"m": 1.5}, sampling_priority=1)
        meta = context._meta
        self.assertIsInstance(meta, dict)
        self.assertIs(context._meta, meta)
        self.assertEqual(context._metrics, {"m": 1.5, "_sampling_priority_v1": 1})
        meta["b"] = "y"
        self.assertEqual((len(meta), sorted(meta), meta["b"], meta.get("c", 5)), (2, ["a", "b"], "y", 5))
        self.assertEqual(({"a": "x", "b": "y"} == meta, {**meta}, dict(meta), json.loads(json.dumps(meta))),
                         (True, meta, meta, meta))
        self.assertEqual((meta.pop("b"), meta.pop("b", None), meta.setdefault("c", "z")), ("y", None, "z"))
        meta.update({"d": "1"}, e="2")
        del meta["a"]
        self.assertEqual(meta, {"c": "z", "d": "1", "e": "2"})
        self.assertRaises(KeyError, lambda: meta["a"])
        self.assertRaises(KeyError, meta.pop, "a")
        self.assertEqual(type(pickle.loads(pickle.dumps(meta))), dict)
        context._meta = {"n": "1"}
        self.assertEqual(meta, {"n": "1"})
        meta.clear()
        self.assertEqual((meta, bool(meta), repr(meta)), ({}, False, "{}"))

    def test_a_trace_shares_them(self):
        above = Context(1, 2)
        with tracer.start_span("a", child_of=above) as a, tracer.start_span("b", child_of=a) as b:
            self.assertIs(a.context._meta, above._meta)
            self.assertIs(b.context._baggage, above._baggage)
            b.context.sampling_priority = 2
            above._baggage["k"] = "v"
            self.assertEqual((above.sampling_priority, a.context._metrics["_sampling_priority_v1"]), (2, 2))
            self.assertEqual(b.context.get_all_baggage_items(), {"k": "v"})
            a.context._metrics["_sampling_priority_v1"] = -1
            self.assertEqual(b.context.sampling_priority, -1)

    def test_numbers_bytes_and_none_read_as_they_were_given(self):
        context = Context(1, 2, baggage={"n": 5, "t": "x"}, meta={"m": None})
        self.assertEqual(context._baggage, {"n": 5, "t": "x"})
        self.assertEqual(context._meta, {"m": None})
        with tracer.start_span("x", child_of=context) as span:
            self.assertEqual(span.context.get_baggage_item("n"), 5)
            span.context.set_baggage_item("b", b"y")
        self.assertEqual(context.get_all_baggage_items(), {"n": 5, "t": "x", "b": b"y"})
        self.assertEqual(context._with_baggage_item("f", 1.5)._baggage["f"], 1.5)
        self.assertEqual(pickle.loads(pickle.dumps(context))._baggage["n"], 5)
        context.set_baggage_item("n", "5")
        self.assertEqual(context._baggage["n"], "5")

    def test_copies_share_them_and_are_local(self):
        context = Context(1, 2, baggage={"a": "b"})
        copy = context.copy(5, 6)
        self.assertIs(copy._baggage, context._baggage)
        self.assertEqual((copy.trace_id, copy.span_id, copy._is_remote), (5, 6, False))
        more = context._with_baggage_item("c", "d")
        self.assertEqual((more._baggage, context._baggage), ({"a": "b", "c": "d"}, {"a": "b"}))

    def test_a_context_with_another_trace_id_starts_spans_there(self):
        context = Context(1, 2)
        context.trace_id = 9
        with tracer.start_span("x", child_of=context) as span:
            self.assertEqual((span.trace_id, span.parent_id), (9, 2))


class Values(unittest.TestCase):
    def test_equality_is_of_the_trace(self):
        self.assertEqual(Context(1, 2), Context(1, 3))
        self.assertNotEqual(Context(1, 2), Context(2, 2))
        self.assertNotEqual(Context(1, 2), Context(1, 2, meta={"a": "b"}))
        self.assertNotEqual(Context(1, 2), Context(1, 2, is_remote=False))
        self.assertNotEqual(Context(1, 2), 1)
        self.assertEqual(hash(Context(5)), hash(5))

    def test_it_survives_pickling(self):
        context = Context(1, 2, "rum", 2, {"_dd.p.x": "y"}, {"m": 1}, None, {"k": "v"}, False)
        again = pickle.loads(pickle.dumps(context))
        self.assertEqual((again, again.span_id, again.dd_origin, again._is_remote),
                         (context, 2, "rum", False))

    def test_it_is_a_context_manager(self):
        context = Context(1, 2)
        with context as entered:
            self.assertIs(entered, context)


if __name__ == "__main__":
    unittest.main()
