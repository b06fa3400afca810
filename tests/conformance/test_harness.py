"""The harness itself sees what is wrong, so that its silence means something."""

from __future__ import annotations

import contextlib
import urllib.error
import urllib.request

import msgpack
from agent import Agent
from capture import Launcher, capture
from compare import differences, expectation
from table import CASES

SPAN = {
    "service": "s",
    "name": "n",
    "resource": "r",
    "trace_id": 1,
    "span_id": 2,
    "start": 1,
    "duration": 1,
    "meta": {},
    "metrics": {},
}


def send(agent: Agent, declared: int) -> None:
    """One chunk, with the number of chunks that the header declares."""
    request = urllib.request.Request(
        f"{agent.url}/v0.4/traces", msgpack.packb([[SPAN]]), method="POST"
    )
    request.add_header("Content-Type", "application/msgpack")
    request.add_header("X-Datadog-Trace-Count", str(declared))
    request.add_header("Datadog-Meta-Tracer-Version", "1")
    with contextlib.suppress(urllib.error.HTTPError):
        urllib.request.urlopen(request, timeout=10).close()


def test_a_right_request_fails_no_check(agent: Agent) -> None:
    agent.clear()
    send(agent, declared=1)
    assert agent.failures() == ""
    assert [len(chunk) for chunk in agent.chunks()] == [1]


def test_a_wrong_request_fails_a_check_until_cleared(agent: Agent) -> None:
    agent.clear()
    send(agent, declared=3)
    assert "trace_count_header" in agent.failures()
    agent.clear()
    assert agent.failures() == ""
    assert agent.chunks() == []


def test_an_untraced_run_differs_from_the_reference(agent: Agent) -> None:
    seen = capture(CASES["requests_basic"], Launcher.plain(), agent)
    lines = differences(expectation("requests_basic"), seen)
    assert any(line.startswith("chunks: expected") for line in lines)


def test_a_changed_tag_is_named() -> None:
    wanted, seen = expectation("shop"), expectation("shop")
    seen["chunks"][0][0]["meta"]["http.route"] = "/other"
    lines = differences(wanted, seen)
    assert "http.route" in lines[0]
    assert len(lines) == 2
