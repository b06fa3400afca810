"""Runs generated programs, one after the other: programs.py makes them and compares what arrives.

    programs_program.py FILE     a JSON list of programs, each a list of steps [verb, arguments...]

Spans are named by number, so that payloads can be compared without their ids. What a step shows is
printed: one JSON line for each program.
"""

import asyncio
import concurrent.futures
import copy
import datetime
import decimal
import enum
import gc
import json
import os
import pathlib
import pickle
import sys
import threading
import uuid
import weakref

import ddtrace
from ddtrace.propagation.http import HTTPPropagator
from ddtrace.trace import Context, Span, TraceFilter, tracer

ddtrace.patch(futures=True)


class Shown:
    def __str__(self):
        return "shown"


class Opens:
    """Text of its own that makes spans while it is made."""

    def __str__(self):
        with tracer.trace("inside.str") as span:
            span.set_tag("k", 1)
        return "opens"


class Number:
    def __index__(self):
        return 7

    def __float__(self):
        return 7.5


class Color(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Text(str):
    def __str__(self):
        return "another text"


class Whole(int):
    pass


VALUES = [
    "text", "", "é" * 30, "x" * 25001, "a\x00b", Text("own"), b"bytes", b"\xff\xfe", bytearray(b"ba"), 0, 1, -1, 5,
    2**31, 2**53 + 1, 2**63 - 1, -2**63, 2**63, 2**64, -2**70, True, False, None, 0.0, -0.0, 1.5, 1e300, 1e-7,
    float("inf"), float("-inf"), float("nan"), 3.0, 2**53 * 1.0, [], [1, "a", None], (1, 2), {}, {"a": {"b": [1]}}, {1},
    Shown(), Opens(), Number(), Color.RED, Level.HIGH, Whole(9), decimal.Decimal("1.50"), 1 + 2j,
    uuid.UUID(int=5), datetime.datetime(2020, 1, 2), datetime.timedelta(5), pathlib.PurePosixPath("/a/b"), range(3),
    ValueError("wrong"), int, len, ..., memoryview(b"mv"), slice(1, 2),
]
KEYS = [
    "a", "b", "component", "http.status_code", "http.url", "span.kind", "peer.service", "out.host", "db.name", "language",
    "service.name", "service.version", "version", "env", "runtime-id", "process_id", "_dd.measured", "_dd.p.x", "_dd.origin",
    "network.destination.port", "error.type", "error.message", "error.stack", "analytics.event", "x.y",
    "_dd.base_service", "_dd.top_level", "_dd.parent_id", "_dd.p.dm", "", "é", "k" * 300, "_dd.span_links", "events",
    "_dd.svc_src", "_dd.code_origin.type", "resource.name", "span.type", "sampling.priority", "_dd.p.tid",
]
# Values of meta_struct, links and events: what the reference can send.
STRUCTS = [{}, {"a": 1}, {"a": [1, 2.5, None, True, "x", {"b": b"raw"}]}, {"deep": {"er": {"est": [[[]]]}}},
           {"n": 2**63, "m": -2**63, "t": (1, 2)}, {"é": "ü"}]
ATTRIBUTES = [None, {}, {"a": 1}, {"b": [1, "x", [True, None]]}, {"c": True, "d": 1.5, "e": "t"}, {"f": {"g": "h"}, "i": (1, 2)}]
EVENT_ATTRIBUTES = [None, {}, {"a": 1, "b": True, "c": 1.5, "d": "t"}, {"l": [1, 2], "m": ["x"], "n": [True, False], "o": []}]


class Own(Span):
    """A subclass of the application's."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.extra = []


class Drops(TraceFilter):
    def process_trace(self, trace):
        return None if any(span.get_tag("a") == "text" for span in trace) else trace


class Changes(TraceFilter):
    def process_trace(self, trace):
        for span in trace:
            span.set_tag("changed", span.resource)
            span.remove_tag("b")
            span.resource = span.resource.upper()
        return trace[::-1] if len(trace) % 2 else trace


class Fails(TraceFilter):
    def process_trace(self, trace):
        trace[0].set_tag("before", "failing")
        raise ValueError("filter")


class Some(TraceFilter):
    def process_trace(self, trace):
        return [span for span in trace if span.get_metric("a") is None]


FILTERS = {"drops": Drops, "changes": Changes, "fails": Fails, "some": Some}


class Machine:
    def __init__(self):
        self.spans = []
        self.shown = []
        self.number = 0
        self.kept = []

    def at(self, number):
        return self.spans[number % len(self.spans)] if self.spans else self.open("trace", 0, {})

    def name(self):
        self.number += 1
        return f"op{self.number}"

    # --- starting and ending ----------------------------------------------------------------

    def open(self, how, other, fields):
        fields = dict(fields)
        name = self.name()
        if how == "trace":
            span = tracer.trace(name, **fields)
        else:
            parent = {"root": lambda: None, "child": lambda: self.at(other), "context": lambda: self.at(other).context,
                      "local": lambda: Context(trace_id=self.number + 2**40, span_id=other + 2, is_remote=False),
                      "ids": lambda: Context(trace_id=(self.number * 7919 + 3) * 2**41 + 5, span_id=other + 1),
                      "current": tracer.current_trace_context,
                      "baggage": lambda: Context(baggage={"k": "v"}),
                      "copy": lambda: self.at(other).context.copy(self.at(other).trace_id, self.at(other).span_id)}[how]()
            span = tracer.start_span(name, child_of=parent, activate=bool(other % 2), **fields)
        self.spans.append(span)
        return span

    def headers(self, headers, activate):
        context = HTTPPropagator.extract(headers)
        if activate:
            tracer.context_provider.activate(context)
            span = tracer.trace(self.name())
        else:
            span = tracer.start_span(self.name(), child_of=context)
        self.spans.append(span)

    def finish(self, at):
        if self.spans:
            self.spans.pop(at % len(self.spans)).finish()

    def finish_late(self, at):  # and stays in the list
        self.at(at).finish()

    def leave(self, at, kind):
        error = {"none": None, "value": ValueError("é wrong"), "exit0": SystemExit(0), "exit": SystemExit(),
                 "base": KeyboardInterrupt(), "empty": KeyError()}[kind]
        span = self.at(at)
        try:
            with span:
                if error is not None:
                    raise error
        except BaseException as caught:
            self.shown.append(type(caught).__name__)

    def activate(self, at, what):
        tracer.context_provider.activate({"span": lambda: self.at(at), "none": lambda: None,
                                          "context": lambda: self.at(at).context}[what]())

    # --- fields and tags ---------------------------------------------------------------------

    def tag(self, at, key, value):
        self.at(at).set_tag(KEYS[key], known(key, value))

    def tags(self, at, pairs):
        self.at(at).set_tags({KEYS[key]: known(key, value) for key, value in pairs})

    def metric(self, at, key, value):
        try:
            self.at(at).set_metric(KEYS[key], VALUES[value])
        except Exception as error:
            self.shown.append(type(error).__name__)

    def attribute(self, at, key, value):
        self.at(at)._set_attribute(KEYS[key], VALUES[value])

    def remove(self, at, key):
        self.at(at).remove_tag(KEYS[key])
        self.at(at).remove_metric(KEYS[key])

    def field(self, at, field, value):
        setattr(self.at(at), field, VALUES[value])

    def read(self, at):
        span = self.at(at)
        if span.finished:  # what was sent says here what its trace says now
            return
        self.shown.append([span.name, span.service, span.resource, span.span_type, span.error, span.finished,
                           span.parent_id is None, sorted(span.get_tags()), sorted(span.get_metrics().keys() - {"_dd.tracer_kr"})])

    def struct(self, at, value):
        self.at(at)._set_struct_tag("s%d" % (value % 2), STRUCTS[value])

    def link(self, at, other, attributes):
        self.at(at).link_span(self.at(other).context, ATTRIBUTES[attributes])

    def set_link(self, at, trace_id, span_id, state, flags, attributes):
        self.at(at).set_link(trace_id, span_id, state, flags, ATTRIBUTES[attributes])

    def pointer(self, at):
        self.at(at)._add_span_pointer(pointer_kind="k", pointer_direction=_direction(), pointer_hash="h",
                                      extra_attributes={"x": "y"})

    def event(self, at, name, attributes, moment):
        self.at(at)._add_event(name, EVENT_ATTRIBUTES[attributes], moment)

    def record(self, at, attributes):
        self.at(at).record_exception(ValueError("recorded"), EVENT_ATTRIBUTES[attributes])

    def error(self, at):
        try:
            raise LookupError("looked")
        except LookupError:
            self.at(at).set_exc_info(*sys.exc_info())

    def traceback(self, at):
        self.at(at).set_traceback()

    def ignore(self, at):
        self.at(at)._ignore_exception(LookupError)

    # --- the trace ---------------------------------------------------------------------------

    def manual(self, at, what):
        self.at(at).set_tag("manual." + what, VALUES[at % len(VALUES)])

    def priority(self, at, value):
        self.at(at).context.sampling_priority = value

    def origin(self, at, value):
        self.at(at).context.dd_origin = value

    def user(self, at):
        self.at(at).context.dd_user_id = "user é"

    def baggage(self, at, key, value):
        self.at(at).context.set_baggage_item(key, value)
        self.shown.append(self.at(at).context.get_all_baggage_items())

    def meta(self, at, key, value):
        self.at(at).context._meta[KEYS[key]] = value

    def sample(self, at):  # the reference decides again when asked again
        if self.at(at).context.sampling_priority is None:
            tracer.sample(self.at(at)._local_root)

    def inject(self, at):
        headers = {}
        HTTPPropagator.inject(self.at(at).context, headers)
        self.shown.append(sorted(headers))

    def correlation(self):
        self.shown.append({k: v for k, v in tracer.get_log_correlation_context().items() if not k.endswith("_id")})

    def current(self):
        span, root = tracer.current_span(), tracer.current_root_span()
        self.shown.append([span and span.name, root and root.name, tracer.current_trace_context() is None])

    # --- objects -----------------------------------------------------------------------------

    def objects(self, at):
        span = self.at(at)
        other = pickle.loads(pickle.dumps(span.context))
        self.shown.append([other == span.context, span == span, span != self.at(at + 1), hash(span) == hash(span),
                           other.sampling_priority, weakref.ref(span)() is span, copy.copy(span.context) == span.context])

    def own(self):
        span = Own(self.name(), service="own", context=Context(), on_finish=[lambda one: self.shown.append(one.name)])
        span.extra.append(span)
        span.set_tag("own", 1)
        span.finish()
        self.shown.append([span.duration_ns is not None, span.get_metric("own")])
        seen = weakref.ref(span)
        del span
        gc.collect()
        self.shown.append(seen() is None)

    # --- functions ---------------------------------------------------------------------------

    def wrapped(self, kind, fails):
        name = self.name()

        def plain(a, *, b=2):
            if fails:
                raise ValueError("in plain")
            return [a, b, tracer.current_span().name]

        def generator(a):
            yield tracer.current_span().name
            if fails:
                raise ValueError("in generator")
            got = yield a
            yield got

        async def coroutine(a):
            await asyncio.sleep(0)
            if fails:
                raise ValueError("in coroutine")
            return [a, tracer.current_span().name]

        async def stream(a):
            yield a
            if fails:
                raise ValueError("in stream")
            await asyncio.sleep(0)
            yield tracer.current_span().name

        fields = dict(service="wrapped", resource="r", span_type="worker")
        try:
            if kind == "plain":
                self.shown.append(tracer.wrap(name, **fields)(plain)(1, b=3))
            elif kind == "unnamed":
                self.shown.append(tracer.wrap()(plain)(1)[:2])
            elif kind == "generator":
                self.shown.append(list(tracer.wrap(name, **fields)(generator)(5)))
            elif kind == "coroutine":
                self.shown.append(asyncio.run(tracer.wrap(name, **fields)(coroutine)(5)))
            else:
                async def collect():
                    return [one async for one in tracer.wrap(name, **fields)(stream)(5)]
                self.shown.append(asyncio.run(collect()))
        except ValueError as error:
            self.shown.append(str(error))

    def thread(self, at):
        parent = self.at(at)

        def work():
            with tracer.trace(self.name()):
                pass
            with tracer.start_span(self.name(), child_of=parent, activate=True):
                with tracer.trace(self.name()):
                    pass
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    def futures(self, at):
        def work(number):
            active = tracer.current_span()
            with tracer.trace(f"future{number}") as span:
                return [active and active.name, span.parent_id is None]

        if "DD_TRACE_PARTIAL_FLUSH_MIN_SPANS" in os.environ:
            return
        with tracer.trace(self.name()), concurrent.futures.ThreadPoolExecutor(1) as pool:
            self.shown.append([pool.submit(work, 1).result(), list(pool.map(work, [2, 3]))])
            self.shown.append(tracer.current_span().name)

    def forked(self, at):
        active = tracer.current_span()
        child = os.fork()
        if child:
            return self.shown.append(os.waitpid(child, 0)[1])
        try:
            with tracer.trace("forked") as span:
                span.set_tag("active", tracer.current_root_span() is span)
                span.set_tag("continued", active is not None and span.trace_id == active.trace_id)
                with tracer.trace("below"), tracer.trace("lower"):
                    pass
            tracer.flush()
        finally:
            os._exit(0)

    def held(self):  # its span stays active between two values, and after the last one that is taken
        @tracer.wrap(self.name())
        def values():
            yield 1
            yield 2

        one = values()
        next(one)
        self.current()
        self.kept.append(one)

    def taken(self):
        if self.kept:
            self.shown.append(len(list(self.kept.pop())))
            self.current()

    def tasks(self):
        async def work():
            with tracer.trace(self.name()):
                await asyncio.sleep(0)
                with tracer.trace(self.name()):
                    await asyncio.sleep(0)

        async def all_of_it():
            with tracer.trace(self.name()):
                await asyncio.gather(work(), work())
        asyncio.run(all_of_it())

    def many(self, count):
        with tracer.trace(self.name()) as root:
            for _ in range(count):
                with tracer.trace("many") as span:
                    span.set_metric("a", 1)
            root.set_tag("b", count)

    def flush(self):
        tracer.flush()

    def filters(self, names):
        tracer.configure(trace_processors=[FILTERS[name]() for name in names])

    def global_tags(self, pairs):
        tracer.set_tags(dict(pairs))


def known(key, value):
    value = VALUES[value]
    infinite = isinstance(value, float) and value in (float("inf"), float("-inf"))
    return 1.5 if infinite and KEYS[key] == "network.destination.port" else value


def _direction():
    try:
        from ddtrace._trace._span_pointer import _SpanPointerDirection
        return _SpanPointerDirection.UPSTREAM
    except ImportError:
        return None


def main():
    for program in json.load(open(sys.argv[1])):
        machine = Machine()
        for verb, *arguments in program:
            try:
                getattr(machine, verb)(*arguments)
            except Exception as error:
                machine.shown.append(["raised", verb, type(error).__name__])
        while machine.kept:
            machine.taken()
        for span in reversed(machine.spans):
            span.finish()
        tracer.context_provider.activate(None)
        tracer.flush()
        print(json.dumps(machine.shown))


main()
