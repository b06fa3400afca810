"""Logs: the samples of docs/logs.md, and records that go to the intake without an agent."""

import json
import pathlib
import re
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from conftest import LAUNCHER, clean_environment  # noqa: E402
from fakes.agent import Agent  # noqa: E402

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs" / "logs.md"
SAMPLES = re.findall(r"^## (.*?)$|^```python\n(.*?)^```\n\n```text\n(.*?)^```", DOCUMENT.read_text(), re.M | re.S)
PROCESS = {"DD_SERVICE": "shop", "DD_ENV": "prod", "DD_VERSION": "1.2"}
DIRECT = {"DD_AGENTLESS_LOG_SUBMISSION_ENABLED": "true", "DD_API_KEY": "key"}


def samples():
    heading = ""
    for title, program, line in SAMPLES:
        heading = title or heading
        if program:
            yield pytest.param(heading, program, line, id=heading)


def run(agent, program, **variables):
    done = subprocess.run([LAUNCHER, "-c", program], capture_output=True, text=True, timeout=60,
                          env=clean_environment(DD_TRACE_AGENT_URL=agent.url, **PROCESS, **variables))
    assert done.returncode == 0, done.stderr
    return done.stderr


def general(text):
    """Times, identifiers and the name of the host put aside."""
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", text)
    text = re.sub(r"\b[0-9a-f]{32}\b", "TRACE", text)
    text = re.sub(r'"hostname": "[^"]+"', "HOST", text)
    return re.sub(r"\b\d{13,20}\b", "NUMBER", text)


def sent(agent):
    return [entry for request in agent.by_path("/api/v2/logs") for entry in request.json()]


def test_there_are_samples():
    assert len(list(samples())) == 5


@pytest.mark.parametrize(("heading", "program", "line"), list(samples()))
def test_a_sample_prints_what_the_document_says(heading, program, line):
    with Agent() as agent:
        if not heading.startswith("Without"):
            assert general(run(agent, program)) == general(line)
            return
        assert run(agent, program, **DIRECT, DD_LOGS_INTAKE_URL=agent.url) == ""
        agent.wait_for(until=lambda agent: agent.by_path("/api/v2/logs") != [])
        [request] = agent.by_path("/api/v2/logs")
        assert request.headers["dd-api-key"] == "key"
        assert general(json.dumps(request.json())) == general(line.strip())


def test_only_what_a_logger_takes_is_sent_and_handlers_are_as_they_were():
    program = """
import logging
assert not logging.getLogger().handlers
logging.basicConfig(level="INFO", format="%(message)s")
log = logging.getLogger("app"); quiet = logging.getLogger("quiet"); quiet.addFilter(lambda record: False)
log.debug("no"); quiet.error("no"); log.info("yes %s %s", 1, {"a": 2})
try: {}["x"]
except KeyError: log.exception("it failed")
log.critical("x" * 1_000_000)
class Broken:
    def __str__(self): raise ValueError("mine")
log.setLevel("CRITICAL"); logging.raiseExceptions = False
log.critical("%s", Broken())
"""
    with Agent() as agent:
        err = run(agent, program, **DIRECT, DD_LOGS_INTAKE_URL=agent.url, DD_TAGS="team:a")
        agent.wait_for(until=lambda agent: len(sent(agent)) == 3)
        first, second, third = sent(agent)
    assert err.startswith("yes 1 {'a': 2}\nit failed\nTraceback")
    assert (first["message"], first["status"], first["ddtags"]) == ("yes 1 {'a': 2}", "info", "env:prod,version:1.2,team:a")
    assert (second["status"], second["error.kind"], second["error.message"]) == ("error", "KeyError", "'x'")
    assert second["error.stack"].endswith("KeyError: 'x'")
    assert third["status"] == "critical" and 900_000 < len(third["message"]) < 1_000_000


def test_a_forked_child_sends_its_own():
    program = """
import logging, os
logging.getLogger("app").warning("parent")
if os.fork() == 0:
    logging.getLogger("app").warning("child")
else:
    os.wait()
"""
    with Agent() as agent:
        run(agent, program, **DIRECT, DD_LOGS_INTAKE_URL=agent.url)
        agent.wait_for(until=lambda agent: len(sent(agent)) >= 2)
        assert sorted(entry["message"] for entry in sent(agent)) == ["child", "parent"]


def test_without_a_key_one_line_says_what_to_do():
    with Agent() as agent:
        err = run(agent, "import logging; logging.warning('x')", DD_AGENTLESS_LOG_SUBMISSION_ENABLED="1")
    assert err == ("ddpython: product log-submission is off, the rest goes on: logs need an API key: set DD_API_KEY; "
                   "they are not sent\nWARNING:root:x\n")


def test_nothing_is_sent_when_it_is_not_asked_for():
    with Agent() as agent:
        run(agent, "import logging; logging.warning('x')", DD_API_KEY="key", DD_LOGS_INTAKE_URL=agent.url,
            DD_INSTRUMENTATION_TELEMETRY_ENABLED="false")
        assert sent(agent) == []
