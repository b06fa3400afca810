"""Every trace and stats payload of a program with spans of every kind is taken by the Agent's own decoder."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))

from conftest import LAUNCHER, clean_environment  # noqa: E402
from fakes.agent import INFO, Agent  # noqa: E402
from fakes.agent_decoder import agent_decoder  # noqa: E402

STATS = {"DD_TRACE_STATS_COMPUTATION_ENABLED": "true"}
INFO_OF_STATS = INFO | {"client_drop_p0s": True, "obfuscation_version": 1, "peer_tags": ["out.host", "db.instance"]}
CASES = {
    "v0.5": {}, "v0.4": {"DD_TRACE_API_VERSION": "v0.4"}, "native events": {"DD_TRACE_NATIVE_SPAN_EVENTS": "true"},
    "statistics": STATS | {"DD_TRACE_STATS_ADDITIONAL_TAGS": "team,x"},
    "limits": STATS | {"DD_TRACE_STATS_CARDINALITY_LIMIT": "3"},
    "dropped": STATS | {"DD_TRACE_SAMPLING_RULES": '[{"sample_rate":0}]', "DD_SPAN_SAMPLING_RULES": '[{"name":"sql"}]'},
    "partial flush": {"DD_TRACE_PARTIAL_FLUSH_MIN_SPANS": "3"},
}


@pytest.fixture(scope="module")
def decoder() -> str:
    made = agent_decoder()
    if made is None:
        pytest.skip("no Go toolchain")
    return made


@pytest.mark.parametrize("case", CASES)
def test_the_agent_takes_every_payload(case: str, decoder: str, tmp_path: pathlib.Path) -> None:
    with Agent() as agent:
        agent.info = INFO_OF_STATS
        done = subprocess.run([LAUNCHER, TESTS / "differential/wire_program.py"], capture_output=True, text=True,
                              timeout=120, env=clean_environment(DD_TRACE_AGENT_URL=agent.url, **CASES[case]))
        assert (done.returncode, done.stderr) == (0, "")
        requests = [one for one in agent.requests if one.path.endswith(("/traces", "/stats"))]
    assert any(one.path == "/v0.6/stats" for one in requests) == ("DD_TRACE_STATS_COMPUTATION_ENABLED" in CASES[case])
    decoded = 0
    for request in requests:
        kind = {"/v0.4/traces": "v04", "/v0.5/traces": "v05", "/v0.6/stats": "stats"}[request.path]
        (tmp_path / "body").write_bytes(request.body)
        read = subprocess.run([decoder, kind, tmp_path / "body"], capture_output=True, text=True)
        assert read.returncode == 0, read.stdout + read.stderr
        decoded += len(read.stdout.splitlines())
    assert decoded >= 8
