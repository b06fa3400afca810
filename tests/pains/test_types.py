"""Hooked libraries look as they do without us, to inspect and to pickle, once they have been used."""

from conftest import LAUNCHER, NO_AGENT, PLAIN, run, without_complaint

LOOK = """
import concurrent.futures, http.client, inspect, logging, pickle, sqlite3, subprocess, sys, threading
import flask, jinja2, requests, urllib3, werkzeug
logging.disable(logging.CRITICAL)
app = flask.Flask("app")
app.add_url_rule("/", view_func=lambda: flask.render_template_string("{{ 1 }}"), endpoint="a")
app.add_url_rule("/fail", view_func=lambda: 1 / 0, endpoint="b")
client = app.test_client()
assert (client.get("/").status_code, client.get("/fail").status_code) == (200, 500)
sqlite3.connect(":memory:").execute("select 1").fetchall()
try: requests.get("http://127.0.0.1:1")
except requests.ConnectionError: pass

ROOTS = {"flask", "werkzeug", "jinja2", "requests", "urllib3", "sqlite3", "logging", "http",
         "subprocess", "threading", "concurrent"}
def shown(value):
    text = repr(value)
    return type(value).__name__ if "{" in text or " at 0x" in text else text
def facts(value):
    for name in ("__module__", "__qualname__", "__name__", "__defaults__", "__kwdefaults__", "__doc__",
                 "__wrapped__", "__closure__", "__text_signature__", "__objclass__", "__self__"):
        yield shown(getattr(value, name, "-"))
    code = getattr(value, "__code__", None)
    for name in "co_filename co_firstlineno co_flags co_varnames co_freevars co_stacksize".split():
        yield getattr(code, name, "-")
    yield len(getattr(code, "co_code", b""))
    for name in ("isfunction isbuiltin ismethod isclass isroutine iscoroutinefunction "
                 "isgeneratorfunction isasyncgenfunction").split():
        yield getattr(inspect, name)(value)
    for ask in (inspect.signature, pickle.dumps, inspect.getsource):
        try: answer = ask(value)
        except Exception as error: answer = type(error).__name__
        yield answer if "{" not in str(answer) and " at 0x" not in str(answer) else "..."
for module_name, module in sorted(sys.modules.items()):
    if module_name.partition(".")[0] not in ROOTS: continue
    for name, value in sorted(vars(module).items()):
        if not callable(value) or getattr(value, "__module__", None) != module_name: continue
        print(module_name, name, type(value).__name__, *facts(value))
        if not isinstance(value, type): continue
        print(value.__mro__, value.__basicsize__, sorted(vars(value)))
        for key, inner in sorted(vars(value).items()):
            if callable(inner) or isinstance(inner, (staticmethod, classmethod, property)):
                print(module_name, name, key, type(inner).__name__, *facts(inner))
"""


def test_nothing_looks_different_once_it_was_used(pythons):
    python, variables = pythons("app")
    fixed = {"PYTHONHASHSEED": "0"}
    plain = run(python, LOOK, **fixed)
    code, out, err = run(LAUNCHER, LOOK, **fixed, **variables, DD_TRACE_AGENT_URL=NO_AGENT)
    assert plain[0] == code == 0, err
    assert without_complaint(err) == plain[2]
    different = [pair for pair in zip(plain[1].splitlines(), out.splitlines()) if pair[0] != pair[1]]
    assert different == [] and len(out) == len(plain[1]) > 100_000


C_TYPES = """
import copy, pickle, sqlite3, weakref
class Own(sqlite3.Connection):
    def cursor(self, *args): return super().cursor(*args)
one, two = sqlite3.connect(":memory:", factory=Own), sqlite3.connect(":memory:")
one.execute("create table t (a)"); one.execute("insert into t values (1)"); one.commit()
one.backup(two)
print(two.execute("select a from t").fetchall(), type(one), type(two) is sqlite3.Connection)
cursor = two.execute("select 1")
print(type(cursor) is sqlite3.Cursor, isinstance(cursor, sqlite3.Cursor), cursor.connection is two)
print(sqlite3.Connection | None, issubclass(Own, sqlite3.Connection), weakref.ref(cursor)() is cursor)
bound = two.execute
print(bound.__self__ is two, bound == two.execute, copy.copy(sqlite3.connect) is sqlite3.connect)
print(pickle.loads(pickle.dumps(sqlite3.connect)) is sqlite3.connect)
"""


def test_types_written_in_c_accept_what_they_made():
    plain = run(PLAIN, C_TYPES)
    code, out, err = run(LAUNCHER, C_TYPES, DD_TRACE_AGENT_URL=NO_AGENT)
    assert plain[0] == 0 and (code, out, without_complaint(err)) == plain
