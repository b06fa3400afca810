"""Thousands of small calls of the tracing API, and what becomes of each, one line per case.

    python cases.py

It runs with the reference wheel in its environment and under ddpython; compare.py compares the
lines. Cases are generated, in an order that never changes; times and made-up ids are not shown.
"""

import decimal
import fractions
import logging
import pickle
import random
import sys
import time
import warnings

from ddtrace.trace import Context, Span, tracer

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)


class Shown:
    def __str__(self):
        return "shown"


class Failing:
    def __str__(self):
        raise ValueError("no text")

    __repr__ = __str__


class Index:
    def __index__(self):
        return 7

    def __str__(self):
        return "index"


class Real:
    def __float__(self):
        return 2.5

    def __str__(self):
        return "real"


class Text(str):
    pass


class Whole(int):
    pass


VALUES = {
    "None": None, "True": True, "False": False, "0": 0, "1": 1, "-1": -1, "404": 404,
    "2**31": 2**31, "2**63-1": 2**63 - 1, "2**63": 2**63, "-2**63": -(2**63),
    "-2**63-1": -(2**63) - 1, "2**64-1": 2**64 - 1, "2**64": 2**64, "2**128-1": 2**128 - 1,
    "2**128": 2**128, "0.0": 0.0, "1.5": 1.5, "-0.5": -0.5, "3.0": 3.0, "nan": float("nan"),
    "inf": float("inf"), "-inf": float("-inf"), "1e300": 1e300, "1e-300": 1e-300, "''": "",
    "'x'": "x", "'é'": "é", "'5'": "5", "' 7 '": " 7 ", "'1.5'": "1.5", "'nan'": "nan",
    "surrogate": "a\ud800b", "nul": "a\0b", "b''": b"", "b'x'": b"x", "b'\\xff'": b"\xff",
    "b'5'": b"5", "bytearray": bytearray(b"z"), "[]": [], "[1]": [1], "nested": [1, ["a", [None]]],
    "(1,2)": (1, 2), "{}": {}, "{'a':1}": {"a": 1}, "{1}": {1}, "Shown": Shown(),
    "Failing": Failing(), "Index": Index(), "Real": Real(), "Text": Text("sub"), "Whole": Whole(9),
    "Decimal": decimal.Decimal("1.25"), "Fraction": fractions.Fraction(1, 4), "complex": 1j,
    "type": int, "range": range(2),
}
KEYS = ["k", "", "http.status_code", "service.name", "service.version", "_dd.measured",
        "network.destination.port", "env", "version", "span.kind", "error.message", "é", b"bytes",
        5, None, Text("sub")]

ATTRIBUTE_OPS = {
    "set_tag": lambda s, k, v: s.set_tag(k, v),
    "set_metric": lambda s, k, v: s.set_metric(k, v),
    "_set_attribute": lambda s, k, v: s._set_attribute(k, v),
    "set_tags": lambda s, k, v: s.set_tags({k: v}),
    "set_metrics": lambda s, k, v: s.set_metrics({k: v}),
    "link": lambda s, k, v: s.set_link(1, 2, attributes={k: v}),
    "event": lambda s, k, v: s._add_event("e", {k: v}, 5),
    "recorded": lambda s, k, v: s.record_exception(ValueError("x"), {k: v}),
    "item": lambda s, k, v: s._set_ctx_item(k, v) or s._get_ctx_item(k),
}
FIELDS = ["name", "service", "resource", "span_type", "start", "start_ns", "duration",
          "duration_ns", "error", "span_id", "parent_id", "trace_id"]
ARGUMENTS = ["service", "resource", "span_type", "trace_id", "span_id", "parent_id", "start"]
CONTEXT_FIELDS = ["trace_id", "span_id", "sampling_priority", "dd_origin", "dd_user_id"]
CONTEXT_ARGUMENTS = [*CONTEXT_FIELDS[:2], "dd_origin", "sampling_priority", "meta", "metrics",
                     "baggage"]


def answer(call):
    """What a call gives or raises, without texts of errors."""
    try:
        return show(call())
    except BaseException as error:
        return f"raised {type(error).__name__}"


def show(value):
    try:
        if isinstance(value, dict):
            return "{" + ", ".join(f"{k!r}: {show(v)}" for k, v in sorted(
                value.items(), key=lambda item: str(item[0]))) + "}"
        if isinstance(value, (list, tuple)):
            return "[" + ", ".join(show(v) for v in value) + "]"
        if isinstance(value, float):
            return f"{value!r}" if value != value or value != int(value) else f"{value:.0f}"
        if isinstance(value, int) and abs(value - time.time_ns()) < 3600 * 10**9:
            return "now"
        return repr(value).partition(" at 0x")[0].partition(" object")[0]
    except BaseException as error:
        return f"unshown {type(error).__name__}"


def state(span):
    fields = {name: answer(lambda name=name: getattr(span, name)) for name in (
        "name", "service", "resource", "span_type", "error", "finished", "span_id", "parent_id",
        "trace_id")}
    if span.finished:
        length = span.duration_ns
        fields["duration_ns"] = "short" if 0 <= length < 10**9 else show(span.start_ns + length)
    fields["start_ns"] = show(span.start_ns)
    tags = span._get_attributes()
    stack = tags.pop("error.stack", None)
    links = [(x.trace_id, x.span_id, x.tracestate, x.flags, dict(x.attributes))
             for x in span._get_links()]
    events = [(x.name, x.time_unix_nano, {k: v for k, v in dict(x.attributes).items()
                                          if k != "exception.stacktrace"})
              for x in span._get_events()]
    return f"{fields} {show(tags)} {stack is not None} {show(links)} {show(events)}"


def new(**extra):
    return Span("n", **({"service": "s", "resource": "r", "span_type": "t", "trace_id": 11,
                         "span_id": 22, "parent_id": 33, "start": 1} | extra))


def line(label, *parts):
    text = " | ".join([label, *parts])
    print(text.encode("utf-8", "backslashreplace").decode())


def context_state(context):
    return (f"{show(context.trace_id)} {show(context.span_id)} {show(context.sampling_priority)} "
            f"{show(context.dd_origin)} {show(dict(context._meta))} {show(dict(context._metrics))} "
            f"{show(dict(context._baggage))} {context._is_remote}")


def single_calls():
    for op, call in ATTRIBUTE_OPS.items():
        for key in KEYS:
            for label, value in VALUES.items():
                span = new()
                result = answer(lambda: call(span, key, value))
                line(f"{op} {key!r} {label}", result, state(span))
    for field in FIELDS:
        for label, value in VALUES.items():
            span = new()
            result = answer(lambda: setattr(span, field, value))
            line(f"{field}= {label}", result, state(span))
    for argument in ARGUMENTS:
        for label, value in VALUES.items():
            made = []
            result = answer(lambda: made.append(new(**{argument: value})))
            if made and argument.endswith("_id"):
                kept = getattr(made[0], argument)
                line(f"Span({argument}) {label}", result, show(kept == value and kept))
            else:
                line(f"Span({argument}) {label}", result, *map(state, made))
    for name in ("finish", "_finish_ns", "set_traceback", "get_tag", "get_metric", "remove_tag",
                 "remove_metric", "_has_attribute", "_get_attribute", "set_tags", "set_metrics",
                 "_add_on_finish_exception_callback"):
        for label, value in VALUES.items():
            span = new()
            span.set_tag("x", "y")
            line(f"{name}() {label}", answer(lambda: getattr(span, name)(value)), state(span))
    for place in ("trace_id", "span_id", "tracestate", "flags", "attributes"):
        for label, value in VALUES.items():
            span = new()
            arguments = {"trace_id": 1, "span_id": 2} | {place: value}
            line(f"set_link {place} {label}", answer(lambda: span.set_link(**arguments)), state(span))
    for place in ("name", "attributes", "time_unix_nano"):
        for label, value in VALUES.items():
            span = new()
            arguments = {"name": "e", "time_unix_nano": 5} | {place: value}
            line(f"_add_event {place} {label}", answer(lambda: span._add_event(**arguments)),
                 state(span))


def contexts():
    for field in CONTEXT_FIELDS:
        for label, value in VALUES.items():
            context = Context(1, 2)
            line(f"context.{field}= {label}", answer(lambda: setattr(context, field, value)),
                 context_state(context))
    for argument in CONTEXT_ARGUMENTS:
        for label, value in VALUES.items():
            made = []
            result = answer(lambda: made.append(Context(**{argument: value})))
            line(f"Context({argument}) {label}", result, *map(context_state, made))
    for label, value in VALUES.items():
        context = Context(1, 2, baggage={"a": "b"})
        line(f"baggage {label}", answer(lambda: context.set_baggage_item("k", value)),
             answer(lambda: context.get_baggage_item(value)),
             answer(lambda: context.remove_baggage_item(value)), context_state(context))
        line(f"copy {label}", answer(lambda: context_state(context.copy(value, value))))
        line(f"equal {label}", answer(lambda: context == value))
    for fields in ({}, {"trace_id": 5}, {"span_id": 5}, {"sampling_priority": 2},
                   {"meta": {"a": "b"}}, {"metrics": {"m": 1}}, {"baggage": {"k": "v"}},
                   {"dd_origin": "rum"}, {"is_remote": False}):
        context = Context(**({"trace_id": 1, "span_id": 2} | fields))
        again = pickle.loads(pickle.dumps(context))
        line(f"pickle {fields}", context_state(again), show(again == context),
             show(context == Context(1, 2)), show(hash(context)), show(context._tracestate),
             show(context._traceparent), show(context._traceflags))


def sequences(count, seed):
    """Random walks: the same span is written again and again."""
    pick = random.Random(seed)
    labels = list(VALUES)
    for number in range(count):
        span, done = new(), []
        for _ in range(pick.randint(2, 6)):
            label = pick.choice(labels)
            value = VALUES[label]
            key = pick.choice(["a", "b", "http.status_code", "service.name"])
            op = pick.choice(["set_tag", "set_metric", "_set_attribute", "remove_tag", "finish",
                              "link", "field"])
            done.append((op, key, label))
            if op == "remove_tag":
                answer(lambda: span.remove_tag(key))
            elif op == "finish":
                answer(lambda: span.finish())
            elif op == "link":
                answer(lambda: span.set_link(pick.randint(1, 3), pick.randint(1, 2),
                                             attributes={key: value}))
            elif op == "field":
                answer(lambda: setattr(span, pick.choice(["name", "service", "error"]), value))
            else:
                answer(lambda: ATTRIBUTE_OPS[op](span, key, value))
        line(f"sequence {number} {done}", state(span))


def trees(count, seed):
    """Spans opened, closed and abandoned in any order; what is active after each step."""
    pick = random.Random(seed)
    for number in range(count):
        tracer.context_provider.activate(None)
        spans, told = [], []
        for _ in range(pick.randint(2, 12)):
            step = pick.choice(["trace", "trace", "finish", "child", "activate", "context", "drop"])
            if step == "trace":
                spans.append(tracer.trace(str(len(spans))))
            elif step == "child":
                above = pick.choice(spans) if spans else None
                spans.append(tracer.start_span(str(len(spans)), child_of=above,
                                               activate=pick.random() < 0.5))
            elif step == "context":
                above = pick.choice(spans).context if spans else Context(1, 2)
                spans.append(tracer.start_span(str(len(spans)), child_of=above))
            elif step == "drop":
                tracer.context_provider.activate(None)
            elif spans:
                one = pick.choice(spans)
                one.finish() if step == "finish" else tracer.context_provider.activate(one)
            now, root = tracer.current_span(), tracer.current_root_span()
            told.append((step, now and now.name, root and root.name))
        parents = [(s.name, s._parent and s._parent.name, s.parent_id is not None,
                    s._local_root.name, s._is_top_level) for s in spans]
        line(f"tree {number}", repr(told), repr(parents))
    tracer.context_provider.activate(None)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    single_calls()
    contexts()
    sequences(1500, 1)
    trees(1000, 2)
