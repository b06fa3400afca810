"""Shows what patch, config, trace_utils, Pin, the event hub and the helpers answer, a line a case.

Run by compare.py with both interpreters.
"""

import re
import warnings

import ddtrace
from ddtrace import config


def show(name, call):
    try:
        answer = repr(call())
    except BaseException as error:
        answer = f"{type(error).__name__}: {error}"
    answer = re.sub(r"0x[0-9a-f]+", "0x", answer).replace("\n", " ")
    print(f"{name} | {answer}")


def each(name, function, cases):
    for case in cases:
        show(f"{name}{case!r}", lambda: function(*case))


class Plain:
    pass


def formats():
    from ddtrace.internal.utils import formats, http, version
    from ddtrace.internal.utils.deprecations import generate_message

    each("asbool", formats.asbool, [("1",), ("True",), ("yes",), (None,), (True,), ("",), ("TRUE ",)])
    texts = ["a:b,c:d", "a:b c:d", "a", ":x", "a:b:c", None, "", "a:b, c : d ", "a: b", ",,", "a:b;c:d",
             "k1:v1 , k2", "a:b c,d:e", "::", " a:b ", "a,b", "a:,b:"]
    each("parse_tags_str", formats.parse_tags_str, [(text,) for text in texts])
    each("stringify_cache_args", formats.stringify_cache_args,
         [(["GET", "x"],), ([b"A", 1, None],), ([],), (["é", b"\xff"],), (["x" * 300],),
          (["GET"] + ["abcdefghij"] * 20, 8, 40), (["a" * 999, "b" * 5],)])
    each("format_trace_id", formats.format_trace_id, [(0,), (3,), (2**64 - 1,), (2**64,), (2**127,)])
    each("flatten_key_value", formats.flatten_key_value,
         [("k", [1, [2, "x"], (3,)]), ("k", "v"), ("k", {1}), ("k", []), ("k", {"a": 1}), ("k", None)])
    each("normalize_header_name", http.normalize_header_name, [("X-Foo ",), (None,), ("",), (" A_b",)])
    each("strip_query_string", http.strip_query_string,
         [("http://a/b?c=1#f",), ("a",), ("?x",), ("a#f?q",), ("a?b?c",)])
    hidden = re.compile(b"(?i)token=[^&]*")
    each("redact_url", lambda *a: http.redact_url(a[0], hidden, *a[1:]),
         [("http://a/b?token=1&x=2#f",), ("http://a/b",), ("http://a/b?z", "token=9")])
    each("parse_version", version.parse_version,
         [(text,) for text in ("1.2.3", "1.2", "1", "1.2.3rc1", "1.2.3.4", "v1.2", "abc", "", "2.0.0.dev3+x")])
    each("_pep440_to_semver", version._pep440_to_semver,
         [(), ("1.2.3rc1",), ("1.2.3.dev4",), ("1.0.0+l",), ("1.2.3a1.post2",)])
    each("generate_message", generate_message,
         [("P",), ("P", "post", "msg", "1.0", "2.0"), ("P", None, "m"), ("P", None, None, None, "9")])


def arguments():
    from ddtrace.internal.utils import get_argument_value, set_argument_value

    cases = [((1, 2), {}, 1, "b"), ((1,), {"b": 5}, 1, "b"), ((1,), {}, 1, "b"), ((), {"b": 1}, 0, "b")]
    each("get_argument_value", get_argument_value, [*cases, ((1,), {}, 1, "b", True)])
    each("set_argument_value", set_argument_value,
         [(*case, 9) for case in cases] + [((1,), {}, 1, "b", 9, True)])


def pins():
    from ddtrace._trace.pin import Pin

    thing = Plain()
    pin = Pin("s", tags={"a": "b"})
    pin.onto(thing)
    show("pin", lambda: (pin, Pin.get_from(thing) is pin, pin.service, pin.tags, pin._config))
    show("pin of nothing", lambda: (Pin.get_from(Plain()), Pin.get_from(3), Pin.get_from(None)))
    show("override", lambda: (Pin.override(thing, service="o"), Pin.get_from(thing)))
    show("override nothing", lambda: (Pin.override(None), Pin.override(3, service="x")))
    show("clone", lambda: (pin.clone(), pin.clone(service="k"), pin.clone(tags={}).tags))
    show("set service", lambda: setattr(pin, "service", "z"))
    show("set tags", lambda: setattr(pin, "tags", {}))
    show("remove", lambda: (Pin.get_from(thing).remove_from(thing), Pin.get_from(thing)))


def helpers():
    from ddtrace._trace.pin import Pin
    from ddtrace.contrib import trace_utils as utils

    plain = {"service_name": "said", "_default_service": "own"}
    for pin in (None, Pin("p"), Pin()):
        for settings in ({}, plain, {"_default_service": "own"}):
            for default in (None, "d"):
                show(f"ext_service {pin} {settings} {default}",
                     lambda: utils.ext_service(pin, _settings(settings), default))
    each("extract_netloc", utils.extract_netloc_and_query_info_from_url,
         [("http://u:p@h.x:8080/p?q=1#f",), ("h",), ("//h?z",), ("http://h:99",), ("",)])
    rows = [["a", None, "b", "", b"", [], {}], "x", "", {}, {"a": 1, "b": 2}, [], b"x", b""]
    each("determine_row_count", utils.determine_row_count,
         [(command, row) for command in ("GET", "MGET", "HGETALL") for row in rows])


def _settings(values):
    made = config.wsgi.copy()
    for key in list(made):
        if key.startswith(("service", "_default")):
            made[key] = None
    made.update(values)
    return made


def settings():
    flask = config.flask
    flask["service_name"] = "x"
    flask.foo = 3
    show("entries", lambda: (flask.service_name, flask["foo"], flask.service, flask.integration_name))
    show("missing attribute", lambda: flask.nope)
    show("missing entry", lambda: flask["nope"])
    show("unknown", lambda: config.nosuch)
    config.anything = 4
    show("anything", lambda: config.anything)
    config._add("flask", {"a": {"b": 1}, "service_name": "d"})
    show("_add", lambda: (config.flask.service_name, config.flask.a))
    http = config.requests.http
    show("headers", lambda: (http.trace_headers([]), http.trace_headers(["X-Foo", "b"]) is http,
                             config.requests._header_tag_name("x-foo"),
                             config.requests.header_is_traced("X-FOO "),
                             config.requests.header_is_traced("nope"), http))
    show("query", lambda: (config.requests.trace_query_string, config.requests.http_tag_query_string))
    server = config._http_server
    for text in ("404,600-500", "500-599", "", "1-2,3"):
        server.error_statuses = text
        show(f"statuses {text}", lambda: (server.error_statuses, server.error_ranges,
                                          server.is_error_code(404), server.is_error_code(550)))
    config.service = "svc"
    show("service", lambda: (config.service, config._get_service(), config._get_service("d")))
    show("sources", lambda: repr(config._config["_tracing_enabled"]))


def hub():
    from ddtrace.internal import core

    calls = []
    core.on("e", lambda *a: calls.append(a), "a")

    def bad(*args):
        raise ValueError("bad")

    core.on("e", bad, "bad")
    core.on("e", lambda *a: 7, "seven")
    for args in ((1, 2), [1], 5, None, "ab"):
        show(f"dispatch {args!r}", lambda: (core.dispatch("e", args), calls.pop()))
    show("raise", lambda: core.dispatch("e", (), True))
    results = core.dispatch_with_results("e", (1,))
    show("results", lambda: (list(results), results.seven, results.bad, bool(results.bad), results.no))
    show("nobody", lambda: (core.dispatch_with_results("none"), core.has_listeners("none")))
    show("name", lambda: core.on(3, bad))
    with core.context_with_data("c", x=1) as outer, core.context_with_data("d") as inner:
        show("items", lambda: (core.get_item("x"), core.find_item("x"), inner["x"],
                               inner.parent is outer, core.find_items(["x", "y"])))
        show("no item", lambda: inner["nope"])
        show("safe", lambda: (core.set_safe("n", 1), core.set_safe("n", 2)))
        show("parent", lambda: setattr(inner, "parent", outer))
        show("event", lambda: inner.event)
    core.reset_listeners()


def patching():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ddtrace.patch_all(nosuch=True)
    show("patch_all", lambda: [(w.category.__name__, str(w.message)) for w in caught])
    show("patch unknown", lambda: ddtrace.patch(nosuch=True))
    show("patch quietly", lambda: ddtrace.patch(raise_errors=False, nosuch=True))
    show("patch nothing", lambda: ddtrace.patch(nosuch=False))


for part in (formats, arguments, pins, helpers, settings, hub, patching):
    part()
