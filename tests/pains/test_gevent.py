"""gevent: when ddtrace is imported does not matter, and nothing is cloned or unloaded."""

import collections
import itertools

import pytest

from conftest import LAUNCHER, run

PARTS = {
    "ddtrace": "try: from ddtrace.trace import tracer\nexcept ImportError: pass\n",
    "patch": "import gevent.monkey\ngevent.monkey.patch_all()\n",
    "app": "import concurrent.futures, http.server, queue, requests, sqlite3, ssl, sys, threading\n",
}
WORK = """
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
def work(number):
    assert requests.get(f"http://127.0.0.1:{server.server_port}/{number}").text == "ok"
    sqlite3.connect(":memory:").execute("select 1").fetchall()
    return number
with concurrent.futures.ThreadPoolExecutor(3) as pool: print(sorted(pool.map(work, range(4))))
threads = [threading.Thread(target=work, args=[n]) for n in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(type(threading.Lock()).__module__, type(threading.local()).__module__)
print(*sorted(name for name in sys.modules if not name.startswith("ddtrace")))
server.shutdown()
"""


@pytest.mark.parametrize("order", list(itertools.permutations(PARTS)), ids=" ".join)
def test_the_order_does_not_matter(pythons, agent, order):
    python, variables = pythons("data")
    source = "".join(PARTS[part] for part in order) + WORK
    plain = run(python, source, PYTHONHASHSEED="0")
    got = run(LAUNCHER, source, PYTHONHASHSEED="0", **variables, DD_TRACE_AGENT_URL=agent.url)
    assert plain[0] == 0 and got == plain
    names = collections.Counter(span["name"] for span in agent.spans())
    assert (names["requests.request"], names["sqlite.query"]) == (6, 6)
