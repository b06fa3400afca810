"""Shows what the tracer, its parts and its deprecated names answer, warn and log, a line a case.

Run by compare.py with both interpreters.
"""

import logging
import pickle
import re
import warnings

from ddtrace.trace import Context, Span, TraceFilter, Tracer, tracer

logs = []


class Keep(logging.Handler):
    def emit(self, record):
        text = f"{record.levelname} {record.getMessage()}"
        if "failed to send" not in text and "error closing trace" not in text:
            logs.append(text)


handler = Keep()
logging.getLogger("ddtrace").addHandler(handler)
logging.getLogger("ddtrace").propagate = False


def tidy(text):
    text = re.sub(r"0x[0-9a-f]+", "0x", text).replace("\n", " ")
    text = re.sub(r"\b[0-9a-f]{32}\b|\b\d{15,39}\b", "N", text)
    return re.sub(r"last_update_ns=\d+|last_update_ns=N", "last_update_ns=", text)


def show(name, call):
    logs.clear()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            answer = repr(call())
        except BaseException as error:
            answer = f"{type(error).__name__}: {error}"
    for warning in caught:
        answer += f" warned {warning.category.__name__}: {warning.message}"
    for log in logs:
        answer += f" logged {log}"
    print(f"{name} | {tidy(answer)}")


class Writer:
    def __init__(self):
        self.traces = []

    def write(self, spans=None):
        self.traces.append(spans)

    def recreate(self, *args, **kwargs):
        return self

    def stop(self, timeout=None):
        pass

    def flush_queue(self, raise_exc=False):
        pass


def facts(span):
    tags = span._get_attributes()
    for name in ("runtime-id", "process_id", "_dd.tracer_kr"):
        if name in tags:
            tags[name] = type(tags[name]).__name__
    for name in [n for n in tags if n.startswith(("_dd.tags.process", "_dd.p.tid"))]:
        del tags[name]
    return (span.name, span.service, span.resource, span.span_type, sorted(tags.items()))


def written(call):
    aggregator = tracer._span_aggregator
    before, writer = aggregator.writer, Writer()
    aggregator.writer = writer
    try:
        call()
    finally:
        aggregator.writer = before
    return [[facts(span) for span in trace] for trace in writer.traces]


def filtered(process, call=None, **settings):
    class Filter(TraceFilter):
        process_trace = process

    def run():
        tracer.configure(trace_processors=[Filter()])
        try:
            if call is not None:
                return call()
            with tracer.trace("root"), tracer.trace("child"):
                pass
        finally:
            tracer.configure(trace_processors=[])

    return written(run)


def writers():
    def spans(*names):
        def run():
            for name in names:
                tracer.trace(name, service="s").finish()
        return run

    show("written one", lambda: written(spans("a")))
    show("written two", lambda: written(spans("a", "b")))

    def errors():
        try:
            with tracer.trace("e", resource="r", span_type="web"):
                raise ValueError("no")
        except ValueError:
            pass

    show("written error", lambda: [[(f[0], sorted(k for k, _ in f[4])) for f in t]
                                   for t in written(errors)])

    def dropped():
        with tracer.trace("d") as span:
            span.set_tag("manual.drop")

    show("written dropped", lambda: written(dropped))

    def remote():
        with tracer._activate_context(Context(trace_id=5, span_id=6, sampling_priority=2,
                                              dd_origin="o", meta={"_dd.p.x": "y"})):
            with tracer.trace("r"), tracer.trace("s"):
                pass

    show("written remote", lambda: written(remote))


def filters():
    show("filter keeps", lambda: filtered(lambda self, trace: trace))
    show("filter drops", lambda: filtered(lambda self, trace: None))
    show("filter empties", lambda: filtered(lambda self, trace: []))
    show("filter first", lambda: filtered(lambda self, trace: trace[:1]))
    show("filter second", lambda: filtered(lambda self, trace: trace[1:]))
    show("filter turns round", lambda: filtered(lambda self, trace: trace[::-1]))
    show("filter tuple", lambda: filtered(lambda self, trace: tuple(trace)))
    show("filter twice", lambda: filtered(lambda self, trace: trace + trace[:1]))
    show("filter adds", lambda: filtered(
        lambda self, trace: [*trace, Span("made", service="m", trace_id=trace[0].trace_id,
                                          parent_id=trace[0].span_id)]))
    show("filter replaces", lambda: filtered(lambda self, trace: [Span("made", service="m")]))

    def change(self, trace):
        for span in trace:
            span.set_tag("k", "v")
            span.name += "!"
            span.service = "other"
            span.resource = "res"
            span.set_metric("m", 2)
        return trace

    show("filter changes", lambda: filtered(change))

    def fail(self, trace):
        raise ValueError("no")

    show("filter fails", lambda: filtered(fail))
    show("filter wrong type", lambda: filtered(lambda self, trace: 5))

    def keep(self, trace):
        trace[0].set_tag("manual.keep")
        return trace

    show("filter keeps by hand", lambda: filtered(keep))
    show("abstract filter", lambda: TraceFilter())

    class Half(TraceFilter):
        pass

    show("half a filter", lambda: Half())


def configure():
    for name, value in {"compute_stats_enabled": False, "appsec_enabled": False,
                        "appsec_enabled_origin": "", "iast_enabled": False,
                        "apm_tracing_disabled": False, "trace_processors": []}.items():
        show(f"configure {name}", lambda: tracer.configure(**{name: value}))
    show("configure provider None", lambda: tracer.configure(context_provider=None))
    show("configure unknown", lambda: tracer.configure(nope=1))
    show("configure old names", lambda: tracer.configure(hostname="x", port=1))
    show("configure settings", lambda: tracer.configure(settings={"FILTERS": []}))
    show("configure provider wrong", lambda: tracer.configure(context_provider=5))
    from ddtrace._trace.provider import DefaultContextProvider
    tracer.configure(context_provider=DefaultContextProvider(), trace_processors=[])
    provider = DefaultContextProvider()
    show("configure provider", lambda: (tracer.configure(context_provider=provider),
                                        tracer.context_provider is provider))
    show("configure mid trace", lambda: written(mid_trace))
    show("enabled", lambda: tracer.enabled)
    off, on = {"apm_tracing_disabled": True}, {"apm_tracing_disabled": False}
    for settings in (off, {"appsec_enabled": True}, {"appsec_enabled": False, **on},
                     {"iast_enabled": True, **off}, {"iast_enabled": False, **on}):
        show(f"opt out {settings}", lambda: (
            tracer.configure(**settings), tracer.enabled,
            written(lambda: tracer.trace("n").finish()), written(lambda: tracer.trace("n").finish())))
    show("agent url", lambda: tracer.agent_trace_url)
    show("agent url set", lambda: setattr(tracer, "agent_trace_url", "x"))
    show("debug", lambda: tracer.debug_logging)
    show("data streams", lambda: tracer.data_streams_processor is None)
    show("data streams set", lambda: setattr(tracer, "data_streams_processor", 5))
    show("timeout", lambda: tracer.SHUTDOWN_TIMEOUT)
    show("no such", lambda: tracer.nosuch)
    show("new attribute", lambda: (setattr(tracer, "fresh", 1), tracer.fresh))
    show("second", lambda: Tracer() is tracer)
    show("type", lambda: (type(tracer).__name__, type(tracer).__module__, tracer.__class__.__mro__[-1]))

    class Sub(Tracer):
        pass

    show("subclass", lambda: isinstance(Sub(), Tracer))


def mid_trace():
    with tracer.trace("before"):
        tracer.configure(trace_processors=[])
        with tracer.trace("in"):
            pass


def disabled():
    def run():
        tracer.enabled = False
        try:
            with tracer.trace("off") as span:
                show("disabled current", lambda: tracer.current_span() is span)
                show("disabled correlation", lambda: tracer.get_log_correlation_context())
        finally:
            tracer.enabled = True

    show("disabled", lambda: written(run))


def arguments():
    show("trace no name", lambda: tracer.trace())
    show("trace two names", lambda: tracer.trace("a", name="b"))
    show("trace unknown", lambda: tracer.trace("a", nope=1))
    show("trace many", lambda: tracer.trace("a", "b", "c", "d", "datadog", "f"))
    show("start_span no name", lambda: tracer.start_span())
    show("start_span unknown", lambda: tracer.start_span("a", nope=1))
    for value in (None, 5, b"x", 1.5, ["a"]):
        show(f"trace name {value!r}", lambda: name_of(value))
        show(f"start_span child_of {value!r}", lambda: parent_of(value))
    show("current context args", lambda: tracer.current_trace_context(1, x=2))
    show("current span args", lambda: tracer.current_span(1))
    show("set_tags none", lambda: tracer.set_tags(None))
    show("set_tags list", lambda: tracer.set_tags([("a", "b")]))
    show("set_tags number", lambda: (tracer.set_tags({"n": 1}), tracer._tags, tracer._tags.clear()))
    show("sample none", lambda: tracer.sample(None))
    show("flush arguments", lambda: tracer.flush(1))
    show("correlation given", lambda: tracer.get_log_correlation_context(Context(3, 4)))
    show("correlation span", lambda: tracer.get_log_correlation_context(
        Span("a", service="q", trace_id=2**70, span_id=9)))
    show("correlation wrong", lambda: tracer.get_log_correlation_context(5))


def name_of(value):
    with tracer.trace(value) as span:
        return span.name, span.resource


def parent_of(value):
    span = tracer.start_span("c", child_of=value)
    span.finish()
    return span.parent_id


def wrapping():
    show("wrap bare", lambda: tracer.wrap(lambda: 1))
    show("wrap class", lambda: tracer.wrap()(int)("5"))
    show("wrap builtin", lambda: tracer.wrap("n")(len)("abc"))
    show("wrap nothing", lambda: tracer.wrap()(None))
    show("wrap unknown", lambda: tracer.wrap(nope=1))

    @tracer.wrap("given", service="s", resource="r", span_type="t")
    def plain(a, b=2):
        "words"
        return a + b

    show("wrapped facts", lambda: (plain.__name__, plain.__doc__, plain.__wrapped__.__name__,
                                   plain.__module__, plain.__qualname__))
    show("wrapped call", lambda: written(lambda: plain(1)))
    show("wrapped wrong call", lambda: plain())

    class Home:
        @tracer.wrap()
        def method(self):
            return 1

        @classmethod
        @tracer.wrap()
        def of_class(cls):
            return 2

        @staticmethod
        @tracer.wrap()
        def static():
            return 3

    show("wrapped method", lambda: written(lambda: (Home().method(), Home.of_class(), Home.static())))


def spans_and_contexts():
    show("span repr", lambda: Span("n", trace_id=1, span_id=2, parent_id=3, start=1.5))
    show("span context repr", lambda: Span("n", trace_id=1, span_id=2).context)
    show("context repr", lambda: Context(trace_id=1, span_id=2, dd_origin="o", sampling_priority=1,
                                         meta={"a": "b"}, metrics={"c": 1}, baggage={"d": "e"}))
    show("context positional", lambda: Context(1, 2, "o", 1, {"a": "b"}, {"c": 2}, [], {"d": "e"}, False))
    show("context lock", lambda: Context(lock=1))
    show("context many", lambda: Context(1, 2, "o", 1, {}, {}, [], {}, False, 1))
    show("context equal", lambda: (Context(1, 2) == Context(1, 3), Context(1) == Context(2),
                                   hash(Context(1, 2)) == hash(1), Context(1) == 5, Context(1) != 5))
    show("context pickled", lambda: pickle.loads(pickle.dumps(Context(1, 2, baggage={"a": "b"}))))
    show("context with", lambda: Context(1).__enter__())
    show("context new attribute", lambda: setattr(Context(1), "fresh", 1))
    show("span new attribute", lambda: setattr(Span("a"), "fresh", 1))
    show("span with", lambda: Span("a").__enter__().name)
    show("link_span wrong", lambda: Span("a").link_span(Context()))
    show("link_span", lambda: span_links(lambda s: s.link_span(Context(1, 2, sampling_priority=1),
                                                               {"a": 1})))
    show("set_link", lambda: span_links(lambda s: s.set_link(1, 2, "t", 1, {"b": True})))
    show("finish twice", lambda: finish_twice())
    show("span no name", lambda: Span())
    show("span unknown", lambda: Span("a", nope=1))
    show("span tracer", lambda: Span("a", tracer=tracer))
    show("span of span", lambda: Span("a").context is Span("b").context)
    for name in ("meta", "metrics", "tracer", "store", "sampled", "parent", "_meta", "_metrics"):
        show(f"span.{name}", lambda: getattr(Span("a"), name))
    for name in ("set_struct_tag", "set_tag_str", "pprint", "get_sampling_priority"):
        show(f"span.{name}()", lambda: getattr(Span("a"), name)("k", "v"))


def span_links(change):
    span = Span("a")
    change(span)
    return span._get_links()


def finish_twice():
    span = Span("a", start=1.5)
    span.finish(span.start + 1)
    first = span.duration_ns
    span.finish(span.start + 2)
    return first // 10**9, span.duration_ns == first


def contexts_assigned():
    from ddtrace.propagation.http import HTTPPropagator

    def assign():
        with tracer.trace("a") as span:
            span.context = Context(trace_id=77, span_id=88, sampling_priority=2, dd_origin="syn",
                                   meta={"_dd.p.q": "1"}, baggage={"b": "c"})
            headers = {}
            HTTPPropagator.inject(span, headers)
            more = {}
            HTTPPropagator.inject(span.context, more)
        return headers, more

    show("context assigned", assign)

    def child():
        with tracer.trace("a") as span:
            span.context = Context(trace_id=77, span_id=88, sampling_priority=2)
            with tracer.trace("b") as below:
                return (below.trace_id == span.trace_id, below.parent_id == span.span_id,
                        below.parent_id, below.trace_id, below.context.sampling_priority)

    show("child of assigned", child)

    def under():
        with tracer.start_span("b", child_of=Context(trace_id=77, span_id=88)) as span:
            return span.trace_id, span.parent_id, span.context.trace_id

    show("child of context", under)
    for headers in (
        {"x-datadog-trace-id": "1", "x-datadog-parent-id": "2", "x-datadog-origin": ""},
        {"x-datadog-trace-id": "1", "x-datadog-parent-id": "2", "x-datadog-origin": "é"},
        {"x-datadog-trace-id": "1", "x-datadog-parent-id": ""},
        {"x-datadog-trace-id": "1", "x-datadog-sampling-priority": ""},
        {"x-datadog-trace-id": "1", "x-datadog-tags": ""},
        {"traceparent": f"00-{1:032x}-{2:016x}-01",
         "tracestate": ",".join(f"k{i}=v{i}" for i in range(40))},
        {"traceparent": f"00-{1:032x}-{2:016x}-01",
         "tracestate": ",".join(f"k{i}=v{i}" for i in range(33)) + ",dd=s:2"},
        {"traceparent": f"00-{1:032x}-{2:016x}-01", "tracestate": "a=" + "x" * 600 + ",b=1,dd=o:rum"},
        {"traceparent": f"00-{1:032x}-{2:016x}-01",
         "tracestate": "l=" + "x" * 140 + "," + ",".join(f"k{i}=v" for i in range(31)) + ",dd=s:2"},
    ):
        def both():
            context = HTTPPropagator.extract(headers)
            out = {}
            HTTPPropagator.inject(context, out)
            return context, out
        show(f"extract {sorted(headers.items())}"[:150], both)
    show("extract none", lambda: HTTPPropagator.extract(None))
    show("extract empty", lambda: HTTPPropagator.extract({}))
    show("extract list", lambda: HTTPPropagator.extract([("x-datadog-trace-id", "1")]))
    show("inject none", lambda: HTTPPropagator.inject(None, {}))
    show("inject empty", lambda: inject_into(Context()))
    show("inject ids", lambda: inject_into(Context(1, 2)))
    show("inject baggage", lambda: inject_into(Context(baggage={"a": "b c", "é": "ü"})))
    show("inject no headers", lambda: HTTPPropagator.inject(Context(1, 2), None))
    show("propagator", lambda: HTTPPropagator())


def inject_into(context):
    from ddtrace.propagation.http import HTTPPropagator
    headers = {}
    HTTPPropagator.inject(context, headers)
    return headers


def aggregator():
    found = tracer._span_aggregator
    show("aggregator sampling", lambda: type(found.sampling_processor).__name__)
    show("aggregator sampler", lambda: found.sampling_processor.sampler is tracer._sampler)
    show("aggregator user", lambda: found.user_processors)
    show("aggregator partial", lambda: (found.partial_flush_enabled, found.partial_flush_min_spans))
    show("writer type", lambda: [c.__name__ for c in type(found.writer).__mro__
                                 if c.__name__.endswith(("Writer", "Interface"))])
    show("writer url", lambda: found.writer.intake_url)
    show("writer token", lambda: found.writer.set_test_session_token("t"))
    show("writer write", lambda: found.writer.write([]))
    show("writer write none", lambda: found.writer.write())
    show("writer status", lambda: found.writer.status)
    show("aggregator reset", lambda: found.reset())
    show("aggregator reset processors", lambda: (found.reset(user_processors=[]), found.user_processors))


def samplers():
    from ddtrace._trace.sampler import DatadogSampler, RateSampler
    from ddtrace._trace.sampling_rule import SamplingRule

    def state(span, answer):
        return answer, sorted(span._get_attributes().items()), span.context._meta, \
            span.context.sampling_priority

    def sampled(sampler, **kwargs):
        span = Span("x", **{"service": "a", "trace_id": 11, **kwargs})
        span.set_tag("env", "b")
        return state(span, sampler.sample(span))

    show("the sampler", lambda: tracer._sampler)
    for rate in (0, 0.25, 1, 2, -1, True, "a", None):
        show(f"RateSampler {rate!r}", lambda: (RateSampler(rate), vars(RateSampler(rate))))
        show(f"SamplingRule {rate!r}", lambda: (SamplingRule(rate), SamplingRule(rate).sample_rate))
        show(f"rate sampled {rate!r}", lambda: [RateSampler(rate).sample(Span("a", trace_id=i))
                                                for i in range(1, 12)])
        show(f"rule sampled {rate!r}", lambda: [SamplingRule(rate).sample(Span("a", trace_id=i))
                                                for i in range(1, 12)])
    show("rule vars", lambda: vars(SamplingRule(0.5, "s", "n", "r", {"a": "b*", "c": 1})))
    show("rule equal", lambda: (SamplingRule(1) == SamplingRule(1), SamplingRule(1, "a") ==
                                SamplingRule(1, "b"), SamplingRule(1) == 1))
    show("rule hash", lambda: hash(SamplingRule(1)))
    show("rule service", lambda: SamplingRule(1, service=5))
    span = Span("abc", service="Svc", resource="R")
    span.set_tag("t", "v")
    span.set_metric("i", 3)
    span.set_metric("f", 3.5)
    for rule in ({}, {"service": "s?c"}, {"service": "x"}, {"name": "A*"}, {"resource": "r"},
                 {"tags": {"t": "V"}}, {"tags": {"i": "3"}}, {"tags": {"f": "3*"}}, {"tags": {"f": "*"}},
                 {"tags": {"no": "*"}}, {"service": None}, {"name": ""}):
        show(f"matches {rule}", lambda: SamplingRule(1, **rule).matches(span))
    show("tags match", lambda: SamplingRule(1, tags={"t": "w"}).tags_match(span))
    show("name match", lambda: SamplingRule(1, name="a*").name_match("abc"))
    rules = [SamplingRule(0.5), SamplingRule(1, "a", provenance="customer")]
    show("sampler of rules", lambda: (DatadogSampler(rules), DatadogSampler(rules).rules is rules))
    show("sampler of limit", lambda: DatadogSampler(rate_limit=5, rate_limit_always_on=True))
    show("sampled none", lambda: sampled(DatadogSampler()))
    for rate in (0, 1):
        show(f"sampled rule {rate}", lambda: sampled(DatadogSampler([SamplingRule(rate)])))
        for provenance in ("customer", "dynamic"):
            show(f"sampled {provenance} {rate}", lambda: sampled(DatadogSampler(
                [SamplingRule(rate, provenance=provenance)])))
    show("sampled discard", lambda: state(span, DatadogSampler(
        [SamplingRule(0, discard=True)]).sample_or_discard(span)))
    show("sampled no tokens", lambda: sampled(DatadogSampler([SamplingRule(1)], rate_limit=0)))

    def agent(rates):
        sampler = DatadogSampler()
        sampler.update_rate_by_service_sample_rates(rates)
        return sampler, sampler._agent_based_samplers, sampled(sampler)

    show("agent rates", lambda: agent({"service:a,env:b": 0.0}))
    show("agent default", lambda: agent({"service:,env:": 0.0}))

    def texts(text):
        sampler = DatadogSampler()
        sampler.set_sampling_rules(text)
        return sampler.rules

    for text in ('[{"sample_rate":0.25,"name":"x"}]', "no", "[]", "{}", '[{"name":"x"}]', '[5]',
                 '[{"sample_rate":"a"}]', '[{"sample_rate":1,"provenance":"dynamic"},'
                 '{"sample_rate":0,"provenance":"customer"}]', "", '[{"sample_rate":1,"zz":2}]'):
        show(f"rules {text}", lambda: texts(text))
    show("key", lambda: (DatadogSampler._key("a", "b"), DatadogSampler._key(), DatadogSampler._default_key))

    def live(rules):
        processor = tracer._span_aggregator.sampling_processor
        before = processor.sampler
        processor.sampler = DatadogSampler(rules)
        try:
            return tracer._sampler is processor.sampler, written(lambda: tracer.trace("n").finish())
        finally:
            processor.sampler = before

    show("live drop", lambda: live([SamplingRule(0, name="n")]))
    show("live keep", lambda: live([SamplingRule(1, name="n")]))
    show("live other", lambda: live([SamplingRule(0, name="m")]))

    def in_place(text):
        tracer._sampler.set_sampling_rules(text)
        return tracer._sampler.rules, written(lambda: tracer.trace("n").finish())

    show("in place", lambda: in_place('[{"sample_rate":0,"name":"n"}]'))
    show("in place none", lambda: in_place("[]"))

    def by_rates(rates):
        tracer._sampler.update_rate_by_service_sample_rates(rates)
        return written(lambda: tracer.trace("n", service="w").finish())

    show("live rates", lambda: by_rates({"service:w,env:": 0.0}))
    show("live rates none", lambda: by_rates({}))
    fresh = Span("fresh", trace_id=5)
    show("sample a span", lambda: state(fresh, tracer.sample(fresh)))


def shutdown():
    show("shutdown", lambda: tracer.shutdown(1))
    show("after", lambda: (tracer.enabled, tracer.trace("late").name))
    show("after start", lambda: tracer.start_span("late").name)
    show("again", lambda: tracer.shutdown())
    show("flush after", lambda: tracer.flush())


for part in (writers, filters, configure, disabled, arguments, wrapping, spans_and_contexts,
             contexts_assigned, aggregator, samplers, shutdown):
    try:
        part()
    except Exception as error:
        print(f"{part.__name__} | broke {type(error).__name__} {error}")
