"""What the tests of this folder share: the spans that a piece of code finishes."""

import contextlib


@contextlib.contextmanager
def spans_seen():
    from ddtrace.trace import TraceFilter, tracer

    seen = []

    class Keep(TraceFilter):
        def process_trace(self, trace):
            seen.extend(trace)
            return None

    tracer.configure(trace_processors=[Keep()])
    try:
        yield seen
    finally:
        tracer.configure(trace_processors=[])
