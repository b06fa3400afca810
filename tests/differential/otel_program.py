"""Programs of the OpenTelemetry API, made at random: programs.py --otel compares them.

    otel_program.py FILE     a JSON list of seeds

Not made, since they differ on purpose: `add_link` (it does nothing in the reference, which has not
implemented it), names and services that are no text.
"""

import asyncio
import json
import random
import sys
import threading

from opentelemetry import baggage, context, propagate, trace
from opentelemetry.context import attach, detach
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from ddtrace.opentelemetry import TracerProvider
from ddtrace.trace import tracer as ddtracer

trace.set_tracer_provider(TracerProvider())
TRACER = trace.get_tracer("lib", "1.0", schema_url="schema", attributes={"a": 1})

KEYS = ["operation.name", "service.name", "resource.name", "span.type", "analytics.event", "http.response.status_code",
        "http.request.method", "http.method", "db.system", "messaging.system", "messaging.operation", "rpc.system", "rpc.service",
        "faas.invoked_provider", "faas.invoked_name", "faas.trigger", "graphql.operation.type", "network.protocol.name", "a", "b.c",
        "service.version", "manual.keep", "_dd.measured", "env", "version", "error.message", "error.type", "deployment.environment",
        "span.kind", "component", "peer.service", "", "é", "http.status_code", "operation.Name", "server.address"]
VALUES = ["GET", "redis", "aws", "aws_api", "kafka", "publish", "", 200, "200", 1, 0, True, False, "true", "false", None, 1.5, float("nan"),
          [1, 2], ["a", "b"], [True], [], ("x", 2), [[1], [2]], {"k": 1}, 2**63, -1, "é" * 10, "x" * 30000, object, {"n": {"m": [1]}}]
CONTEXTS = [SpanContext(1, 2, False), SpanContext(2**100 + 1, 2**63, True, TraceFlags(1), TraceState([("a", "b")])),
            SpanContext(5, 6, True, TraceFlags(0), TraceState([("dd", "s:2;t.dm:-4"), ("x", "y")])), SpanContext(0, 0, False),
            SpanContext(7, 8, True, TraceFlags(3)), SpanContext(9, 10, True)]


class Machine:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.spans, self.shown, self.tokens, self.open_blocks, self.number = [], [], [], [], 0

    def name(self):  # of the span, until its end
        self.number += 1
        return f"op{self.number}"

    def attributes(self):
        if self.r.random() < 0.3:
            return None
        return {self.r.choice(KEYS): self.r.choice(VALUES) for _ in range(self.r.randint(0, 3))}

    def span(self):
        if not self.spans:
            self.start()
        return self.r.choice(self.spans)

    def kind(self):
        return self.r.choice(list(SpanKind))

    def links(self):
        if self.r.random() < 0.7:
            return None
        return [Link(self.r.choice(CONTEXTS), self.r.choice([None, {}, {"a": 1, "b": [1, 2], "c": True}])) for _ in range(2)]

    def start(self):
        parent = None
        choice = self.r.random()
        if choice < 0.2:
            parent = trace.set_span_in_context(self.r.choice(self.spans)) if self.spans else None
        elif choice < 0.35:
            some = self.r.choice(CONTEXTS)  # two contexts of one trace are two chunks here: DECISIONS.md 7
            flags = TraceFlags(some.trace_flags & 1)  # the reference takes the flags for a priority,
            if not some.is_valid:  # and those of no context, too, when they are not the default's object
                flags = some.trace_flags
            some = SpanContext(some.trace_id and some.trace_id + self.r.getrandbits(60), some.span_id, some.is_remote, flags,
                               some.trace_state)
            parent = trace.set_span_in_context(NonRecordingSpan(some))
        elif choice < 0.45:
            parent = context.Context()
        self.spans.append(TRACER.start_span(self.name(), context=parent, kind=self.kind(), attributes=self.attributes(),
                                            links=self.links(), start_time=self.r.choice([None, None, 10**18]),
                                            record_exception=self.r.choice([True, False]),
                                            set_status_on_exception=self.r.choice([True, False])))

    def block(self):
        manager = TRACER.start_as_current_span(self.name(), kind=self.kind(), attributes=self.attributes(),
                                               record_exception=self.r.choice([True, False]),
                                               set_status_on_exception=self.r.choice([True, False]),
                                               end_on_exit=self.r.choice([True, True, False]))
        self.open_blocks.append(manager)
        self.spans.append(manager.__enter__())

    def leave(self):
        if self.open_blocks:
            error = self.r.choice([None, None, ValueError("wrong é"), KeyError("k")])
            manager = self.open_blocks.pop()
            try:
                if error is None:
                    manager.__exit__(None, None, None)
                else:
                    try:
                        raise error
                    except Exception as caught:
                        self.shown.append(manager.__exit__(type(caught), caught, caught.__traceback__))
            except Exception as error:
                self.shown.append(["leave", type(error).__name__])

    def use(self):
        span = self.span()
        try:
            with trace.use_span(span, end_on_exit=self.r.choice([True, False]), record_exception=self.r.choice([True, False]),
                                set_status_on_exception=self.r.choice([True, False])):
                self.current()
                with ddtracer.trace("inside.use"):
                    pass
                if self.r.random() < 0.3:
                    raise LookupError("use")
        except LookupError:
            pass

    def block_of_span(self):
        try:
            with self.span() as span:
                span.set_attribute("in", "with")
                if self.r.random() < 0.5:
                    raise RuntimeError("in with")
        except RuntimeError:
            pass

    def end(self):
        self.span().end(self.r.choice([None, None, 10**18 + 5, 5]))

    def attribute(self):
        self.span().set_attribute(self.r.choice(KEYS), self.r.choice(VALUES))

    def some(self):
        self.span().set_attributes(self.attributes() or {})

    def event(self):
        self.span().add_event(self.r.choice(["e", "é"]), self.r.choice([None, {}, {"a": 1, "b": "x", "c": [1, 2], "d": True, "f": 1.5}]),
                              self.r.choice([1, 10**12]))

    def rename(self):
        self.span().update_name(self.r.choice(["renamed", "", "é"]))

    def status(self):
        span = self.span()
        self.r.choice([lambda: span.set_status(Status(StatusCode.ERROR, "described")), lambda: span.set_status(StatusCode.OK),
                       lambda: span.set_status(StatusCode.ERROR, "other"), lambda: span.set_status(Status(StatusCode.UNSET)),
                       lambda: span.set_status(StatusCode.ERROR), lambda: span.set_status(StatusCode.UNSET, "text")])()

    def record(self):
        self.span().record_exception(ValueError("recorded"), self.r.choice([None, {}, {"a": 1}, {"exception.type": "own", "exception.message": "m"}]),
                                     self.r.choice([1, 10**12]), self.r.choice([True, False]))

    def attach(self):
        self.tokens.append(attach(trace.set_span_in_context(self.span())))

    def detach(self):
        if self.tokens:
            detach(self.tokens.pop())

    def current(self):
        span = trace.get_current_span()
        active = ddtracer.current_span()
        self.shown.append([span.is_recording(), span.get_span_context().is_valid, active and active.resource,
                           type(span).__name__, int(span.get_span_context().trace_flags), span.get_span_context().is_remote])

    def identity(self):
        found = self.span().get_span_context()
        state = dict(found.trace_state)
        self.shown.append([found.is_valid, found.is_remote, int(found.trace_flags), sorted(state), self.span().is_recording()])

    def baggage(self):
        token = attach(baggage.set_baggage(self.r.choice("kl"), self.r.choice(["v", "é w"])))
        self.shown.append(dict(baggage.get_all()))
        self.headers()
        with ddtracer.trace("with.baggage") as span:
            self.shown.append(span.context.get_all_baggage_items())
        if self.r.random() < 0.5:
            attach(baggage.remove_baggage("k"))
        if self.r.random() < 0.2:
            attach(baggage.clear())
        self.shown.append(dict(baggage.get_all()))
        if self.r.random() < 0.5:
            detach(token)

    def headers(self):
        carrier = {}
        propagate.inject(carrier)
        own = {}
        TraceContextTextMapPropagator().inject(own)
        self.shown.append([sorted(carrier), sorted(own), carrier.get("baggage")])

    def extract(self):
        carrier = {"traceparent": f"00-{self.r.getrandbits(120) + 1:032x}-{5:016x}-0{self.r.choice('01')}", "tracestate": self.r.choice(["", "dd=s:2;o:rum", "x=1"]),
                   "baggage": self.r.choice(["k=v", ""])}
        found = propagate.extract(carrier)
        self.spans.append(TRACER.start_span(self.name(), context=found))

    def datadog(self):
        with ddtracer.trace(self.name()):
            self.current()
            with TRACER.start_as_current_span(self.name()):
                with ddtracer.trace(self.name(), service="s"):
                    self.current()

    def decorated(self):
        name = self.name()

        @TRACER.start_as_current_span(name)
        def work():
            return trace.get_current_span().is_recording()
        self.shown.append(work())

    def thread(self):
        parent = context.get_current()

        def work():
            self.current()
            token = attach(parent)
            with TRACER.start_as_current_span(self.name()):
                self.current()
            detach(token)
        one = threading.Thread(target=work)
        one.start()
        one.join()

    def tasks(self):
        async def one():
            with TRACER.start_as_current_span(self.name()):
                await asyncio.sleep(0)
                self.current()

        async def both():
            await asyncio.gather(one(), one())
        asyncio.run(both())

    def values(self):
        held = context.set_value("key", 5)
        token = attach(held)
        self.shown.append([context.get_value("key"), context.get_value("none"), isinstance(context.get_current(), dict)])
        detach(token)
        self.shown.append(context.get_value("key"))

    def manual(self):
        active = ddtracer.current_span()
        if active:
            active.set_tag("manual." + self.r.choice(["keep", "drop"]))


def main():
    verbs = [name for name in vars(Machine) if not name.startswith("_") and name not in ("name", "attributes", "span", "kind", "links")]
    weights = [4 if verb in ("start", "block", "attribute", "end", "leave") else 1 for verb in verbs]
    for seed in json.load(open(sys.argv[1])):
        machine = Machine(seed)
        for verb in machine.r.choices(verbs, weights, k=machine.r.randint(3, 40)):
            try:
                getattr(machine, verb)()
            except Exception as error:
                machine.shown.append(["raised", verb, type(error).__name__])
        while machine.open_blocks:
            machine.leave()
        for span in machine.spans:
            span.end()
        for token in reversed(machine.tokens):
            detach(token)
        ddtracer.context_provider.activate(None)
        ddtracer.flush()
        print(json.dumps(machine.shown))


main()
