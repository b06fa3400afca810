"""Workers of servers: each has its own telemetry, metrics, configuration from afar and reports of crashes."""

import itertools
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from conftest import LAUNCHER, clean_environment  # noqa: E402
from fakes.agent import Agent  # noqa: E402
from test_remote_configuration import TAGGED, answer_with, answering, askers, polls  # noqa: E402

HOME = pathlib.Path(os.environ.get("DD_TEST_HOME") or pathlib.Path.home() / ".cache/ddpython")
VERSION = subprocess.run([os.environ["DD_PLAIN_PYTHON"], "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
                         capture_output=True, text=True, check=True).stdout.strip()
WORK = """
import ctypes, json, os, time
from ddtrace.internal.runtime import get_runtime_id
from ddtrace.trace import tracer

def facts(end=20):
    '''Who this process is, once it has the configuration from afar.'''
    end += time.time()
    while True:
        with tracer.trace("look") as span: pass
        if span.get_tag("from") == "afar" or time.time() > end: break
        time.sleep(0.02)
    time.sleep(0.7)  # a heartbeat
    return {"pid": os.getpid(), "runtime_id": get_runtime_id(), "from": span.get_tag("from")}

def crash():
    os.write(1, (json.dumps(facts()) + "\\n").encode())  # celery takes what is printed for a log
    ctypes.string_at(0)

def application(env, start_response):
    if env["PATH_INFO"] == "/crash": crash()
    start_response("200 OK", [("content-type", "application/json")])
    return [json.dumps(facts()).encode()]
"""


class Statsd:
    """Collects lines of metrics."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.url = f"udp://127.0.0.1:{self.socket.getsockname()[1]}"
        self.lines = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while True:
            try:
                self.lines += self.socket.recv(65536).decode().splitlines()
            except OSError:
                return

    def wait_for(self, what):
        until = time.monotonic() + 20
        while not any(what in line for line in list(self.lines)):
            assert time.monotonic() < until, f"{what} in none of {len(self.lines)} lines"
            time.sleep(0.02)


@pytest.fixture
def place(tmp_path):
    """A folder with the work, an agent with a configuration, and a taker of metrics."""
    (tmp_path / "work.py").write_text(WORK)
    statsd = Statsd()
    with Agent() as agent:
        agent.answer = answering(lambda: answer_with("datadog/2/APM_TRACING/one/config", TAGGED))

        def start(venv, *arguments, **variables):
            if venv and not (HOME / f"{venv}-{VERSION}" / "made-from").exists():
                pytest.skip(f"no {HOME}/{venv}-{VERSION}: run tests/env/setup")
            if venv:
                variables["VIRTUAL_ENV"] = str(HOME / f"{venv}-{VERSION}")
            return subprocess.Popen(
                [LAUNCHER, *arguments], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
                env=clean_environment(
                    DD_TRACE_AGENT_URL=agent.url, DD_SERVICE="shop", DD_REMOTE_CONFIG_POLL_INTERVAL_SECONDS="0.2",
                    DD_TELEMETRY_HEARTBEAT_INTERVAL="0.5", DD_RUNTIME_METRICS_ENABLED="true",
                    DD_RUNTIME_METRICS_RUNTIME_ID_ENABLED="true", DD_DOGSTATSD_URL=statsd.url, **variables))

        yield agent, statsd, start
    statsd.socket.close()


def lineage(agent):
    """Session ids, each with those of its parent and of the first process, as telemetry's headers say."""
    found = {}
    for request in agent.by_path("/telemetry/proxy"):
        if "dd-session-id" not in request.headers:
            continue  # a report of a crash
        own, root, parent = (request.headers.get(f"dd-{name}session-id") for name in ("", "root-", "parent-"))
        assert found.setdefault(own, (parent, root or own)) == (parent, root or own)
    return found


def crash_reports(agent):
    bodies = [request.json() for request in agent.by_path("/telemetry/proxy")]
    return [body["runtime_id"] for body in bodies if body.get("origin") == "Crashtracker"]


def turns_of(agent, members):
    """Which of them asked for configurations, one after the other: twice, when two did at a time."""
    ids = {member["runtime_id"] for member in members}
    asked = [client["client_tracer"]["runtime_id"] for client in polls(agent)]
    return [one for one, _ in itertools.groupby(one for one in asked if one in ids)]


def check(agent, workers, crashed, first=None):
    """Of workers that have ended. `first`: what started them, where its id is known."""
    every = [*workers, crashed] if crashed else workers
    ids = [worker["runtime_id"] for worker in every]
    assert len(set(ids)) == len(ids)
    assert [worker["from"] for worker in every] == ["afar"] * len(ids)
    agent.wait_for(until=lambda agent: set(ids) <= set(lineage(agent)))
    family = lineage(agent)
    [root] = {root for _, root in family.values()}
    assert first in (None, root)
    for own in ids:
        above = own
        while above != root:
            above = family[above][0]
            assert above is not None
        assert own != root
    if crashed:
        agent.wait_for(until=lambda agent: len(crash_reports(agent)) >= 2)
        assert set(crash_reports(agent)) == {crashed["runtime_id"]}


def ask(port, path="/", seconds=20.0):
    until = time.monotonic() + seconds
    while True:
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30).read()
        except (ConnectionError, urllib.error.URLError):
            assert time.monotonic() < until
            time.sleep(0.05)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def two_workers(port):
    """The facts of two workers; asked at once until both have answered."""
    seen = {}

    def one():
        found = json.loads(ask(port))
        seen[found["pid"]] = found

    for _ in range(20):
        threads = [threading.Thread(target=one) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if len(seen) == 2:
            return list(seen.values())
    raise AssertionError(seen)


def crash_one(port, process):
    """Makes a worker crash; its facts are the last line it wrote."""
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/crash", timeout=30).read()
    except OSError:
        pass
    return json.loads(process.stdout.readline())


GUNICORN = ["-m", "gunicorn", "--no-control-socket", "--log-level=error", "--workers=2", "--graceful-timeout=10"]


@pytest.mark.parametrize("options", [["--worker-class=sync"], ["--worker-class=gthread", "--threads=2"], ["--preload"]],
                         ids=["sync", "gthread", "preload"])
def test_workers_of_gunicorn(place, options):
    agent, statsd, start = place
    port = free_port()
    process = start("app", *GUNICORN, *options, f"--bind=127.0.0.1:{port}", "work:application")
    try:
        workers = two_workers(port)
        crashed = crash_one(port, process)
        workers = [worker for worker in workers if worker["pid"] != crashed["pid"]] + [
            worker for worker in two_workers(port) if worker["pid"] not in [one["pid"] for one in workers]]
        assert len(askers(agent)) <= 2  # another, when the one that asked has crashed
    finally:  # when the one that asks ends first, the other asks once more
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert len(workers) == 2
    check(agent, workers, crashed)
    for worker in workers:  # the last values, told at their end
        statsd.wait_for(f"runtime-id:{worker['runtime_id']}")


METHODS = """
import multiprocessing, sys
import work

def tell(queue): queue.put(work.facts())

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    queue = context.Queue()
    own = work.facts()
    workers = [context.Process(target=tell, args=[queue]) for _ in range(2)]
    for worker in workers: worker.start()
    found = [queue.get() for _ in workers]
    for worker in workers: worker.join(); assert worker.exitcode == 0
    last = context.Process(target=work.crash)
    last.start(); last.join(); assert last.exitcode == -11
    print(work.json.dumps([own, found]))
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers_of_multiprocessing(place, tmp_path, method):
    agent, statsd, start = place
    (tmp_path / "main.py").write_text(METHODS)
    process = start(None, "main.py", method)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    crashed, (own, workers) = [json.loads(line) for line in out.splitlines()]
    check(agent, workers, crashed, own["runtime_id"])
    statsd.wait_for(f"runtime-id:{own['runtime_id']}")
    # Those that are executed are a family of their own; multiprocessing's tracker of resources may be one.
    if method == "forkserver":  # the server asks for them, or one who may end first: then another does
        turns = turns_of(agent, [crashed, *workers])
        assert len(turns) == len(set(turns))
    else:
        assert len(askers(agent)) in {"fork": [1], "spawn": [4, 5]}[method]


TASKS = """
import json, sys, threading, time
from celery import Celery
import work

app = Celery("tasks", broker_url="filesystem://", broker_transport_options={
    "data_folder_in": "queue", "data_folder_out": "queue", "control_folder": "control"}, result_backend="file://results")

@app.task
def tell(): return work.facts()

@app.task
def crash(): work.crash()
"""
SEND = """
import json, time, tasks
results = [tasks.tell.delay() for _ in range(6)]
print(json.dumps([one.get(timeout=60) for one in results]))
tasks.crash.delay()
"""


def test_workers_of_celery(place, tmp_path):
    agent, statsd, start = place
    for name in ("queue", "control", "results"):
        (tmp_path / name).mkdir()
    (tmp_path / "tasks.py").write_text(TASKS)
    (tmp_path / "send.py").write_text(SEND)
    process = start("more", "-m", "celery", "-A", "tasks", "worker", "--pool=prefork", "--concurrency=2", "--loglevel=error",
                    "--without-gossip", "--without-mingle", "--without-heartbeat", "-O", "fair")
    try:
        sender = start("more", "send.py", DD_TRACE_ENABLED="false")
        out, err = sender.communicate(timeout=120)
        assert sender.returncode == 0, err
        found = {one["pid"]: one for one in json.loads(out)}
        crashed = next(json.loads(line) for line in process.stdout if line.startswith('{"pid"'))
        agent.wait_for(until=lambda agent: len(crash_reports(agent)) >= 2)
    finally:
        # A worker that dies may hold the lock of the pool's queue: celery then waits for it at its end.
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert len(found) == 2
    check(agent, [one for one in found.values() if one["pid"] != crashed["pid"]], crashed)
    assert len(askers(agent)) <= 2


def test_workers_of_uwsgi(place, tmp_path):
    """pyuwsgi is uWSGI as a module; it is not in the environments that are set up, only where somebody puts it."""
    venv = HOME / f"uwsgi-{VERSION}"
    if not venv.exists():
        pytest.skip(f"no {venv}: python -m venv, pip install pyuwsgi")
    agent, statsd, start = place
    port = free_port()
    process = start(None, "-c", "import pyuwsgi; pyuwsgi.run()", "--http-socket", f"127.0.0.1:{port}", "--wsgi-file", "work.py",
                    "--master", "--processes=2", "--enable-threads", "--die-on-term", "--disable-logging",
                    VIRTUAL_ENV=str(venv))
    try:
        workers = two_workers(port)
        assert len(askers(agent)) == 1
        crashed = crash_one(port, process)
        agent.wait_for(until=lambda agent: len(crash_reports(agent)) >= 2)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    workers = [worker for worker in workers if worker["pid"] != crashed["pid"]]
    check(agent, workers, crashed)
    for worker in workers:
        statsd.wait_for(f"runtime-id:{worker['runtime_id']}")
