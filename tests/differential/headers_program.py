"""Extracts each set of headers, injects what was found, and prints both: one JSON line for each.

    headers_program.py FILE     a JSON list of dicts
"""

import json
import sys
from types import SimpleNamespace

from ddtrace.propagation.http import HTTPPropagator
from ddtrace.trace import tracer


def link(found):
    if isinstance(found, dict):
        found = SimpleNamespace(**{"tracestate": None, "flags": None, "attributes": {}, **found})
    return [hex(found.trace_id), hex(found.span_id), found.tracestate, found.flags, dict(found.attributes)]


def shown(headers, span=None):
    if span is None:
        return headers
    texts = {str(span.span_id): "<span>", format(span.span_id, "016x"): "<span>"}
    out = {}
    for key, value in headers.items():
        for text, mark in texts.items():
            value = value.replace(text, mark)
        out[key] = value
    return out


def injected(what):
    headers = {}
    try:
        HTTPPropagator.inject(what, headers)
    except Exception:
        return {"raised": "yes"}
    return headers


def context(found):
    if found is None:
        return None
    meta = {k: v for k, v in found._meta.items() if k != "_dd.origin"}
    return {"trace": found.trace_id, "span": found.span_id, "priority": found.sampling_priority,
            "origin": found.dd_origin, "meta": meta, "baggage": dict(found._baggage),
            "links": [link(one) for one in found._span_links]}


for headers in json.load(open(sys.argv[1])):
    found = HTTPPropagator.extract(headers)
    line = {"found": context(found)}
    if found is not None:
        line["direct"] = shown(injected(found))
        if found.trace_id:
            span = tracer.start_span("child", child_of=found, activate=False)
            line["child"] = shown(injected(span), span)
    print(json.dumps(line, sort_keys=True))
