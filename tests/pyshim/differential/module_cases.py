"""Modules that programs reach besides the tracing API: encoders of traces, helpers of headers and
bodies, retries, products, watched imports. One line per case, as cases.py.

    python module_cases.py
"""

import importlib
import logging
import os
import pathlib
import sys
import tempfile
from unittest import mock

from ddtrace.internal import _encoding, encoding
from ddtrace.internal.module import BaseModuleWatchdog, ModuleWatchdog
from ddtrace.internal.periodic import PeriodicThread
from ddtrace.internal.products import ProductManager
from ddtrace.internal.utils import cache, fnv, formats, http, inspection, retry, signals
from ddtrace.trace import Context, Span

logging.disable(logging.CRITICAL)


def line(label, call):
    try:
        shown = repr(call())
    except BaseException as error:
        shown = f"raised {type(error).__name__}"
    print(f"{label} | {shown}".encode("utf-8", "backslashreplace").decode())


def span(number=1, **tags):
    made = Span(f"n{number}", service="s", resource="r", span_type="web", trace_id=10 + number,
                span_id=20 + number, parent_id=number - 1 or None, start=1)
    made.duration_ns = 5
    made.set_tags(tags)
    return made


def encoders():
    for version, encoder in encoding.MSGPACK_ENCODERS.items():
        made = encoder(4000, 4000)
        line(f"{version} new", lambda: (len(made), made.size, made.max_size, made.content_type))
        line(f"{version} nothing", lambda: (made.encode(), made.flush()))
        line(f"{version} two", lambda: (made.put([]), made.put([span(1), span(2)]), len(made),
                                        made.size, made.encode(), len(made), made.size))
        line(f"{version} tag", lambda: (made.put([span(a="b")]), made.encode()))
        line(f"{version} number", lambda: (made.put([span(a=1.5)]), made.encode()))
        origin = span()
        origin.context.dd_origin = "synthetics"
        line(f"{version} origin", lambda: (made.put([origin, span(2)]), made.encode()))
        linked = span()
        linked.set_link(1, 2, "a=1", 1, {"k": 1})
        line(f"{version} link", lambda: (made.put([linked]), made.encode()))
        told = span()
        told._add_event("e", {"k": 1}, 77)
        line(f"{version} event", lambda: (made.put([told]), made.encode()))
        open_span = Span("open", trace_id=2**80 + 5, span_id=6, start=1)
        line(f"{version} open", lambda: (made.put([open_span]), made.encode()))
        odd = span()
        odd.service, odd.resource, odd.span_type, odd.name = b"s", None, None, b"n"
        line(f"{version} odd", lambda: (made.put([odd]), made.encode()))
        line(f"{version} long", lambda: (encoder(1 << 20, 1 << 20).put([span(k="x" * 26000)])))
        small = encoder(4000, 100)
        line(f"{version} large", lambda: small.put([span(k="x" * 300)]))
        line(f"{version} wrong", lambda: [small.put(5)])
        line(f"{version} after", lambda: (len(small), small.size))
        line(f"{version} full", lambda: [made.put([span(i % 9 + 1)]) for i in range(200)])
        line(f"{version} kept", lambda: len(made) > 40 and made.encode()[0][1] == len(made))
    text, two = encoding.JSONEncoder(), encoding.JSONEncoderV2()
    failed = span(a="b", m=1.5)
    failed.error = 1
    line("json", lambda: text.encode_traces([[failed, span(2)], [span(3)]]))
    line("json 2", lambda: two.encode_traces([[failed, span(2)], [span(3)]]))
    line("json any", lambda: (text.encode([[{"a": 1}]]), text.content_type))
    line("json bytes", lambda: (text._normalize_str(b"x\xff"), text._normalize_str(None)))
    line("json wrong", lambda: text._normalize_str(5))
    line("json ids", lambda: [two._encode_id_to_hex(i) for i in (None, 0, 255, 2**80)])
    line("packed", lambda: [_encoding.packb(v) for v in (
        None, True, 1, -1, 200, 70000, 2**40, -2**40, 1.5, "x", "x" * 40, b"y", [1], {"a": 1})])
    line("cannot be packed", lambda: [_encoding.packb(v) for v in ({1}, 2**64, 1j, (1,))])
    table = _encoding.ListStringTable()
    line("table", lambda: [table.index(t) for t in ("a", "b", "a", None)] + [len(table)])


def headers():
    full = Context(trace_id=5, span_id=6, sampling_priority=2, dd_origin="syn=th",
                   meta={"_dd.p.dm": "-4", "_dd.p.usr.id": "a=", "_dd.p.x": "a;b~c,d=e", "f": "g"})
    line("dd member", lambda: (http.w3c_get_dd_list_member(full),
                               http.w3c_get_dd_list_member(Context())))
    for state in ("", "a=1", "dd=s:1", "x=1,dd=s:2;o:a", "a=1,b=2", " a=1 , b= 2", "a", "a=1,,b"):
        line(f"state {state!r}", lambda state=state: (
            http.w3c_get_tracestate_list_member(state, "a"),
            http.w3c_get_tracestate_list_member(state, "b"),
            http.w3c_update_tracestate_list_member(state, "b", "9") if " " not in state else None,
            http.w3c_build_tracestate_members(state),
            http.w3c_build_tracestate_members(state, "s:9") if "dd=" not in state else None))
        if "xdd" not in state and " " not in state:
            line(f"state p {state!r}", lambda state=state: http.w3c_tracestate_add_p(state, 255))
    line("members", lambda: http.w3c_tracestate_members_after_limits(
        [f"k{i}=v" for i in range(40)]))
    line("large members", lambda: [len(m) for m in http.w3c_tracestate_members_after_limits(
        ["dd=s:1", "big=" + "x" * 200] + [f"k{i}=" + "v" * 50 for i in range(20)])])
    for kind in ("application/json", "text/json; charset=utf-8", "application/vnd.api+json",
                 "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/xml",
                 "application/atom+xml", "text/plain; x=y", "text/html", "", None, "JSON"):
        line(f"kind {kind}", lambda kind=kind: http.classify_media_type(kind))
    for form in ("a=1&b=2&a=3", "a=&b", "", "a=%20x&c=+y", "a=1;b=2"):
        line(f"form {form}", lambda form=form: http.parse_form_params(form))
    parts = ('--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x\r\nContent-Disposition:'
             ' form-data; name="b"\r\nContent-Type: application/json\r\n\r\n{"k":2}\r\n--x--\r\n')
    line("parts", lambda: http.parse_form_multipart(
        parts, {"Content-Type": "multipart/form-data; boundary=x"}))
    line("no parts", lambda: http.parse_form_multipart("x"))
    line("made parts", lambda: len(http.multipart([http.FormData("n", "f", "d", "json")])[0]))
    line("no connection", lambda: http.get_connection("ftp://x"))
    with mock.patch.dict(os.environ, {
            "_DD_TRACE_WRITER_ADDITIONAL_HEADERS": "X-Datadog-Test-Session-Token:t"}):
        line("session", formats.get_test_session_token)
    line("no session", formats.get_test_session_token)


def tries(after, results, **options):
    given, count = iter(results), [0]

    def call():
        count[0] += 1
        result = next(given)
        if isinstance(result, Exception):
            raise result
        return result

    try:
        result = retry.retry(after, **options)(call)()
    except Exception as error:
        result = (type(error).__name__, error.args)
    return result, count[0]


class Thing:
    def __eq__(self, other):
        return True

    def __hash__(self):
        return 1


def first():
    a = 1
    return a


def helpers():
    line("fnv", lambda: [fnv.fnv1_64(t) for t in (b"", b"a", b"foobar")])
    line("retry", lambda: tries(0.001, [1, 2, 3, None, 5]))
    line("retry list", lambda: tries([0.001, 0.001], [1, 2, 3, None]))
    line("retry error", lambda: tries([0.001, 0.001], [ValueError("x"), None]))
    line("retry errors", lambda: tries([0.001], [ValueError("x"), ValueError("y"), None]))
    line("retry until", lambda: tries([0.001], [7, 8], until=lambda r: r == 8))
    line("lines", lambda: sorted(n - first.__code__.co_firstlineno
                                 for n in inspection.linenos(first)))
    line("origin", lambda: inspection.resolved_code_origin(first.__code__).name)
    line("functions", lambda: inspection.functions_for_code(first.__code__) == [first])
    code = compile("def a():\n def b(): pass\nclass C:\n def d(self): pass\n", "x", "exec")
    line("inner code", lambda: [c.co_name for c in inspection.collect_code_objects(code)])
    one, two, table = Thing(), Thing(), cache.IdentityWeakKeyDictionary()
    table[one], table[two] = 1, 2
    line("identities", lambda: (table[one], table[two], one in table, table.get(Thing(), 7),
                                table.pop(one), one in table, table.pop(one, 5)))
    line("handler", lambda: callable(signals.handle_signal))


class Part:
    def __init__(self, name, log, *requires, **more):
        self.name, self.log, self.requires = name, log, list(requires)
        vars(self).update(more)

    def enabled(self):
        return True

    def note(self, step):
        self.log.append(f"{self.name}.{step}")

    def post_preload(self):
        self.note("post_preload")

    def start(self):
        self.note("start")

    def restart(self, join=False):
        self.note("restart")

    def stop(self, join=False):
        self.note("stop")


def fail(*args, **kwargs):
    raise ValueError("no")


def products():
    log = []
    for label, parts in {
        "in order": [Part("b", log, "a"), Part("a", log)],
        "a need is missing": [Part("b", log, "z"), Part("a", log)],
        "a circle": [Part("a", log, "b"), Part("b", log, "a"), Part("c", log)],
        "disabled": [Part("a", log, enabled=lambda: False), Part("b", log, "a")],
        "failing": [Part("a", log, start=fail), Part("b", log, "a"), Part("c", log)],
        "failing to stop": [Part("a", log, stop=fail), Part("b", log, "a")],
    }.items():
        ProductManager.__products__ = {part.name: part for part in parts}
        manager = ProductManager()
        for step in ("start", "restart", "post_preload", "stop", "exit"):
            log.clear()
            line(f"products {label} {step}", lambda: (getattr(manager, f"{step}_products")(), log))
        line(f"products {label}", lambda: ([n for n, _ in manager.products],
                                           [manager.is_enabled(n) for n in "abcz"]))


def imports():
    folder = pathlib.Path(tempfile.mkdtemp())
    sys.path.insert(0, str(folder))
    for name in ("dd_a", "dd_b", "dd_c", "dd_d", "dd_e", "dd_f"):
        (folder / f"{name}.py").write_text(f"X = '{name}'\n")
    (folder / "dd_bad.py").write_text("raise ValueError('bad')\n")
    log = []

    def note(kind):
        return lambda *given: log.append((kind, given[-1].__name__))

    ModuleWatchdog.register_origin_hook(folder / "dd_a.py", note("origin"))
    import dd_a
    ModuleWatchdog.register_origin_hook(folder / "dd_a.py", note("later"))
    line("origin", lambda: (log, ModuleWatchdog.get_by_origin(folder / "dd_a.py") is dd_a))
    log.clear()

    def instead(loader, module):
        loader.loader.exec_module(module)
        module.Y = 1

    asked = (lambda name: name == "dd_b", instead)
    ModuleWatchdog.register_pre_exec_module_hook(*asked)
    import dd_b
    line("in place", lambda: (dd_b.X, dd_b.Y))
    line("in place gone", lambda: ModuleWatchdog.remove_pre_exec_module_hook(*asked))
    line("in place unknown", lambda: ModuleWatchdog.remove_pre_exec_module_hook(*asked))
    ModuleWatchdog.register_import_exception_hook(lambda name: name == "dd_bad", note("failed"))
    line("failing", lambda: importlib.import_module("dd_bad"))
    line("failing told", lambda: log)
    log.clear()

    class Watcher(BaseModuleWatchdog):
        def after_import(self, module):
            log.append(("after", module.__name__))

        def transform(self, code, module):
            log.append(("code", type(code).__name__, module.__name__))
            return compile(f"X = '{module.__name__} changed'", code.co_filename, "exec")

    line("watcher", lambda: (Watcher.is_installed(), Watcher.install(), Watcher.is_installed()))
    import dd_c
    line("watched", lambda: (dd_c.X, log))
    log.clear()
    importlib.reload(dd_c)
    line("watched again", lambda: log)
    line("watcher gone", lambda: (Watcher.uninstall(), Watcher.uninstall(),
                                  Watcher.is_installed()))
    log.clear()
    import dd_d
    line("not watched", lambda: (dd_d.X, log, type(dd_d.__loader__).__name__))

    class Own(ModuleWatchdog):
        def after_import(self, module):
            super().after_import(module)
            log.append(("own", module.__name__))

    Own.install()
    Own.register_module_hook("dd_e", note("hook"))
    import dd_e
    line("own", lambda: (log, dd_e.X))
    Own.uninstall()
    hook = note("never")
    ModuleWatchdog.register_module_hook("dd_f", hook)
    line("unregistered", lambda: [ModuleWatchdog.unregister_module_hook("dd_f", h)
                                  for h in (print, hook, hook)])
    log.clear()
    import dd_f
    line("never", lambda: (log, dd_f.X))


def periodic():
    log = []
    thread = PeriodicThread(60, lambda: log.append("done"), name="often",
                            on_shutdown=lambda: log.append("over"))
    line("thread", lambda: (thread.name, thread.interval, thread.ident, thread.no_wait_at_start))
    for step in ("stop", "join", "awake"):
        line(f"thread {step} early", getattr(thread, step))
    line("thread starts", lambda: (thread.start(), type(thread.ident)))
    line("thread starts twice", thread.start)
    line("thread is awake", lambda: (thread.awake(), log))
    line("thread ends", lambda: (thread.stop(), thread.join(5), log))
    line("thread members", lambda: [n for n in ("ident", "interval", "name", "start", "join",
                                                "no_wait_at_start") if hasattr(PeriodicThread, n)])


for part in (encoders, headers, helpers, products, imports, periodic):
    part()
