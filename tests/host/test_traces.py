"""A program's own spans, from `import ddtrace` to an agent that decodes them."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from fakes.agent import Agent  # noqa: E402

LAUNCHER = os.environ["DD_LAUNCHER"]

PROGRAM = """
from ddtrace.trace import tracer
with tracer.trace("web.request", service="shop", resource="GET /") as span:
    span.set_tag("key", "value")
    with tracer.trace("db"):
        pass
print("done")
"""


def run(*options, program=PROGRAM, **variables):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DD_")}
    return subprocess.run([LAUNCHER, *options, "-c", program], env=environment | variables,
                          capture_output=True, text=True, timeout=60)


def test_spans_reach_the_agent_at_exit():
    with Agent() as agent:
        done = run(DD_TRACE_AGENT_URL=agent.url, DD_SERVICE="shop", DD_ENV="test")
        [[root, child]] = agent.traces()
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")
    assert (root["name"], root["service"], root["resource"]) == ("web.request", "shop", "GET /")
    assert root["meta"].items() >= {"key": "value", "env": "test", "language": "python"}.items()
    assert root["metrics"].items() >= {"_sampling_priority_v1": 1, "_dd.top_level": 1}.items()
    assert (child["name"], child["parent_id"]) == ("db", root["span_id"])


@pytest.mark.parametrize(("settings", "repository", "commit"), [
    ({}, "https://host/a/b", "abc123"),
    ({"DD_GIT_COMMIT_SHA": "mine"}, "https://host/a/b", "mine"),
    ({"DD_GIT_REPOSITORY_URL": "https://r", "DD_TAGS": "git.commit.sha:tag"}, "https://r", "tag"),
    ({"DD_MAIN_PACKAGE": "of-nobody"}, None, None),
])
def test_the_main_package_tells_what_the_program_was_made_from(tmp_path, settings, repository, commit):
    metadata = tmp_path / "My_Shop-1.0.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: My_Shop\nProject-URL: Home, https://home#no\n"
                        "Project-URL: source_code_link, https://user:pw@host/a/b#abc123\n\n"
                        "Project-URL: source_code_link, https://no#no\n")
    settings = {"DD_MAIN_PACKAGE": "my-shop"} | settings
    with Agent() as agent:
        run(DD_TRACE_AGENT_URL=agent.url, PYTHONPATH=str(tmp_path), **settings)
        [[root, child]] = agent.traces()
    told = [root["meta"].get(name) for name in ("_dd.python_main_package", "_dd.git.repository_url", "_dd.git.commit.sha")]
    assert told == [settings["DD_MAIN_PACKAGE"], repository, commit]
    assert not any("git" in name or "package" in name for name in child["meta"])


def test_local_traces_are_a_tree_on_stderr():
    done = run("--dd-local")
    assert (done.returncode, done.stdout) == (0, "done\n")
    first, second = done.stderr.splitlines()
    assert first.startswith("web.request GET /") and second.startswith("└─ db")


def test_local_traces_of_children_are_printed_too():
    program = """
import os, subprocess, sys
from ddtrace.trace import tracer
if len(sys.argv) == 1:
    subprocess.run([sys.executable, "-c", os.environ["PROGRAM"], "child"])
print(sorted(name for name in os.environ if name.startswith("_DD")))
with tracer.trace("child" if len(sys.argv) > 1 else "parent"):
    pass
"""
    done = run("--dd-local", program=program, PROGRAM=program)
    assert (done.returncode, done.stdout) == (0, "[]\n[]\n")
    assert [line.split()[0] for line in done.stderr.splitlines()] == ["child", "parent"]


def test_without_an_agent_there_is_one_line():
    done = run(DD_TRACE_AGENT_URL="http://127.0.0.1:1")
    assert (done.returncode, done.stdout) == (0, "done\n")
    assert len(done.stderr.splitlines()) == 1 and "no trace agent" in done.stderr


def test_what_is_no_agent_is_told():
    with Agent() as agent:
        agent.answer = lambda request: (404, {}, b"nope")
        done = run(DD_TRACE_AGENT_URL=agent.url)
    assert (done.returncode, done.stdout) == (0, "done\n")
    assert done.stderr.startswith(f"ddpython: no trace agent at {agent.url} (HTTP 404): 1 traces dropped")


def test_a_family_of_processes_has_one_line():
    children = """
import os, sys
from ddtrace.trace import tracer
for _ in range(4):
    if os.fork() == 0:
        with tracer.trace("child"): pass
        sys.exit()
    os.wait()
with tracer.trace("parent"): pass
"""
    done = run(program=children, DD_TRACE_AGENT_URL="http://127.0.0.1:1")
    assert done.returncode == 0
    assert len(done.stderr.splitlines()) == 1 and "no trace agent" in done.stderr


def test_tracing_turned_off_is_silent():
    done = run(DD_TRACE_ENABLED="false", DD_TRACE_AGENT_URL="http://127.0.0.1:1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


def test_an_unusable_address_costs_one_line_and_the_usual_one_is_used():
    with Agent() as agent:
        done = run(DD_TRACE_AGENT_URL="foo://x", DD_TRACE_AGENT_PORT=str(agent.port))
        assert (done.returncode, done.stdout) == (0, "done\n")
        assert done.stderr == f"ddpython: DD_TRACE_AGENT_URL=foo://x is not understood; using http://localhost:{agent.port}\n"
        agent.wait_for(traces=1)


def test_a_rule_can_reject_a_trace():
    with Agent() as agent:
        run(DD_TRACE_AGENT_URL=agent.url, DD_TRACE_SAMPLING_RULES=json.dumps([{"sample_rate": 0}]))
        [[root, _]] = agent.traces()
    assert root["metrics"]["_sampling_priority_v1"] == -1


def test_a_client_says_whether_traces_were_taken_in_time():
    program = ("from datadog import DDClient\nclient = DDClient()\nclient.trace('x').finish()\n"
               "print(client.flush_traces(2), client.flush(2), flush=True)\n")
    with Agent() as agent:
        seen = [run(program=program, DD_TRACE_AGENT_URL=url).stdout for url in (agent.url, "http://127.0.0.1:1")]
        assert len(agent.wait_for(traces=1)) == 1
    assert seen == ["True True\n", "False False\n"]


def test_a_password_in_the_address_is_not_shown():
    done = run(DD_TRACE_AGENT_URL="http://me:hunter2@127.0.0.1:1")
    assert done.returncode == 0
    assert done.stderr.startswith("ddpython: no trace agent at http://127.0.0.1:1 (") and "hunter2" not in done.stderr


def test_a_payload_that_nobody_takes_is_shown_to_who_wants_to_see_it():
    with Agent() as agent:
        agent.answer = lambda request: (400, {}, b"")
        shown = run(program=PROGRAM + "tracer.flush()", DD_TRACE_AGENT_URL=agent.url, _DD_TRACE_WRITER_LOG_ERROR_PAYLOADS="1",
                    DD_INSTRUMENTATION_TELEMETRY_ENABLED="false").stderr
        bodies = {request.body for request in agent.by_path("/v0.5/traces")}
        quiet = run(DD_TRACE_AGENT_URL=agent.url).stderr
    pieces = [line.rpartition(": ")[2] for line in shown.splitlines() if "payload from byte" in line]
    assert [bytes.fromhex("".join(pieces))] == list(bodies)
    assert "payload" not in quiet
