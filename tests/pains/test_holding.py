"""What the program drops is gone at once, as without us: nothing of ours holds its objects."""

from conftest import LAUNCHER, NO_AGENT, run, without_complaint

GONE = """
import gc, logging, sqlite3, sys, weakref
import flask, requests
try:
    from ddtrace.trace import tracer
except ImportError:
    tracer = None
gc.disable()
logging.disable(logging.CRITICAL)
died = []
def watch(name, thing): weakref.finalize(thing, died.append, name).atexit = False
class Connection(sqlite3.Connection): pass
class Cursor(sqlite3.Cursor): pass
class Big: pass
class Response(flask.Response): pass
class Session(requests.Session): pass
class Adapter(requests.adapters.HTTPAdapter):
    def send(self, request, **kwargs):
        response = requests.Response()
        response.status_code, response.request, response.url = 200, request, request.url
        watch("request", request)
        watch("response", response)
        return response
app = flask.Flask("app")
app.response_class = Response
@app.get("/")
def view():
    response = flask.make_response("x")
    watch("answer", response)
    return response
@app.get("/fail")
def fail():
    local = Big()
    watch("local of an error", local)
    raise ValueError(local)
client = app.test_client(use_cookies=False)

def sqlite():
    connection = sqlite3.connect(":memory:", factory=Connection)
    cursor = connection.cursor(Cursor)
    cursor.execute("select ?", ("x",)).fetchall()
    watch("connection", connection), watch("cursor", cursor)
def http():
    with Session() as session:
        session.mount("http://", Adapter())
        session.get("http://example.test/")
        watch("session", session)
def web():
    client.get("/").close()
    client.get("/fail").close()
def tags():
    big = Big()
    watch("tag", big)
    if tracer is None: return
    with tracer.trace("a") as span:
        span.set_tag("big", big)
        span.set_tags({"b": big})
for step in (sqlite, http, web, tags):
    step()  # the first time fills caches
    died.clear()
    for _ in range(3): step()
    print(step.__name__, sorted(died))
"""


def test_everything_dies_when_it_would(pythons):
    python, variables = pythons("app")
    plain = run(python, GONE)
    code, out, err = run(LAUNCHER, GONE, **variables, DD_TRACE_AGENT_URL=NO_AGENT)
    assert plain[0] == 0, plain[2]
    assert (code, out, without_complaint(err)) == plain
    assert [out.count(f"'{name}'") for name in ("cursor", "session", "answer", "tag")] == [3] * 4


GROWTH = """
import gc, sqlite3, sys
from ddtrace.trace import tracer
connection = sqlite3.connect(":memory:")
class Thing: pass
@tracer.wrap()
def work(number):
    with tracer.trace("a") as span:
        span.set_tag("thing", Thing())
        connection.execute("select ?", (number,)).fetchall()
        try: connection.execute("no sql")
        except sqlite3.Error: pass
def blocks(count):
    for number in range(count): work(number)
    tracer.flush()
    gc.collect()
    return sys.getallocatedblocks(), len(gc.get_objects())
blocks(500)
passes = [blocks(2000) for _ in range(6)]
print(*(min(after[which] - before[which] for before, after in zip(passes, passes[1:])) for which in (0, 1)))
"""


def test_thousands_of_calls_leave_no_objects(agent):
    code, out, err = run(LAUNCHER, GROWTH, DD_TRACE_AGENT_URL=agent.url)
    assert (code, err) == (0, "")
    blocks, objects = map(int, out.split())
    assert blocks < 100 and objects < 20  # of the pass that grew least: one a call would be 2000
