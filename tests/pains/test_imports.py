"""Modules keep their specs and loaders; the order and the thread of imports do not matter."""

from conftest import LAUNCHER, run

SPECS = """
import importlib, sys, warnings
warnings.simplefilter("ignore")
skipped = {"antigravity", "this", "idlelib", "turtle", "turtledemo", "tkinter", "test", "lib2to3"}
for name in sorted({*sys.stdlib_module_names, *sys.argv[1:]} - skipped):
    try: importlib.import_module(name)
    except ImportError as error: print(name, type(error).__name__)
for name, module in sorted(sys.modules.items()):
    if name.startswith("ddtrace"): continue
    spec, loader = getattr(module, "__spec__", None), getattr(module, "__loader__", None)
    print(name, type(module).__name__, type(spec).__name__,
          loader.__name__ if isinstance(loader, type) else type(loader).__name__,
          spec is None or spec.loader is loader, str(getattr(spec, "origin", None)).partition(" at 0x")[0],
          getattr(spec, "cached", None), getattr(spec, "submodule_search_locations", None),
          sorted(key for key in vars(module) if key.startswith("__")))
"""
LIBRARIES = ["flask", "requests", "grpc", "numpy", "psycopg", "cryptography", "google.protobuf",
             "gunicorn", "pytest", "jinja2", "markupsafe", "cffi", "pkg_resources", "setuptools"]


def test_specs_and_loaders_are_those_without_us(pythons):
    python, variables = pythons("app")
    plain = run(python, SPECS, *LIBRARIES, PYTHONHASHSEED="0")
    code, out, err = run(LAUNCHER, SPECS, *LIBRARIES, PYTHONHASHSEED="0", **variables)
    different = [pair for pair in zip(plain[1].splitlines(), out.splitlines()) if pair[0] != pair[1]]
    assert (code, different, err) == (0, [], plain[2]) and len(out) == len(plain[1]) > 100_000


THREADS = """
import importlib, random, sys, threading
names, wrong = sys.argv[2:], []
def work(seed):
    order = names[:]
    random.Random(seed).shuffle(order)
    for name in order:
        try: importlib.import_module(name)
        except Exception as error: wrong.append((name, repr(error)))
threads = [threading.Thread(target=work, args=[f"{sys.argv[1]}{n}"]) for n in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
import flask, sqlite3
app = flask.Flask("app")
app.add_url_rule("/", view_func=lambda: "x", endpoint="a")
print(wrong, app.test_client().get("/").text, sqlite3.connect(":memory:").execute("select 1").fetchall())
"""
AT_ONCE = ["flask", "requests", "psycopg", "sqlite3", "logging.config", "asyncio",
           "concurrent.futures", "http.client", "urllib3", "subprocess"]


def test_threads_import_in_any_order(pythons, agent):
    _, variables = pythons("app")
    for seed in range(4):
        code, out, err = run(LAUNCHER, THREADS, str(seed), *AT_ONCE, **variables,
                             DD_TRACE_AGENT_URL=agent.url)
        assert (code, out, err) == (0, "[] x [(1,)]\n", "")
    names = [span["name"] for span in agent.spans() if not span.get("parent_id")]
    assert sorted(names) == ["flask.request"] * 4 + ["sqlite.query"] * 4
