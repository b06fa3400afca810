"""What the program says about itself, and what others read about it."""

import ast
import json
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from conftest import LAUNCHER, clean_environment  # noqa: E402
from fakes.agent import Agent  # noqa: E402

LEVEL = "4.16.0"


@pytest.fixture(params=["--dd-info", "ddtrace-run --info", "ddtrace-run -nc -i"])
def info(both, request):
    program = [both.launcher] if request.param.startswith("--") else [both.ddtrace_run]
    program += request.param.removeprefix("ddtrace-run ").split()

    def run(**variables):
        done = subprocess.run(program, capture_output=True, text=True, timeout=60,
                              env=clean_environment(**variables))
        assert (done.returncode, done.stderr) == (0, "")
        assert ("\033[" in done.stdout) == (request.param == "ddtrace-run --info")
        return done.stdout
    return run


def test_info_of_a_configured_program(info):
    with Agent() as agent:
        out = info(DD_TRACE_AGENT_URL=agent.url, DD_SERVICE="shop", DD_ENV="prod", DD_VERSION="7",
                   DD_TAGS="team:a", DD_API_KEY="hidden", DD_TRACE_REQUESTS_ENABLED="false",
                   OTEL_LOG_LEVEL="debug")
        assert [request.path for request in agent.requests] == ["/info"]
    for line in (f"    Writing traces to: {agent.url}\n", "    Agent error: None\n",
                 "    DD Service: shop\n", "    DD Env: prod\n", "    DD Version: 7\n",
                 "    Global Tags: team:a\n", "    Debug logging: True\n",
                 "    DD_ENV=prod (environment)\n", "    DD_API_KEY=*** (environment)\n"):
        assert line in out
    enabled, disabled = (line for line in out.splitlines() if "abled: " in line and ", " in line or "Disabled: " in line)
    assert "sqlite3" in enabled and "requests" not in enabled and "requests" in disabled
    assert "WARNING" not in out and "ERROR" not in out and "hidden" not in out


def test_info_of_a_program_that_is_not_configured(info):
    out = info(DD_TRACE_AGENT_URL="http://127.0.0.1:1")
    assert "    Agent error: Agent not reachable at http://127.0.0.1:1\n" in out
    assert "    Children followed: direct\n" in out or "    Children followed: all\n" in out
    assert "ERROR: It looks like you have an agent error" in out
    for tag in ("SERVICE", "ENV", "VERSION"):
        assert f"WARNING {tag} NOT SET" in out


def test_info_survives_an_address_that_is_none(info):
    assert "Agent error: " in info(DD_TRACE_AGENT_URL="foo://x")


def test_info_for_programs(both):
    def run(**variables):
        done = subprocess.run([both.launcher, "--dd-info", "--json"], capture_output=True, text=True, timeout=60,
                              env=clean_environment(**variables))
        assert done.stderr == ""
        return done.returncode, json.loads(done.stdout)

    with Agent() as agent:
        status, facts = run(DD_TRACE_AGENT_URL=agent.url, DD_SERVICE="shop", DD_ENV="prod", DD_VERSION="7",
                            DD_API_KEY="hidden")
        assert status == 0 and facts["service"] == "shop" and facts["integrations"]["requests"] is True
        assert {"name": "DD_ENV", "value": "prod", "origin": "env_var"} in facts["settings"]
        assert "DD_PROFILING_MAX_FRAMES" in facts["unused_settings"] and "DD_ENV" not in facts["unused_settings"]
        assert "hidden" not in str(facts)
        assert run(DD_TRACE_AGENT_URL=agent.url)[0] == 1
    status, facts = run(DD_TRACE_AGENT_URL="http://127.0.0.1:1")
    assert status == 2 and "not reachable" in facts["agent_error"]


def test_the_startup_log(both):
    with Agent() as agent:
        def run(**variables):
            return both.run(both.launcher, "-c", "print('app')", env={"DD_TRACE_AGENT_URL": agent.url, **variables})

        assert run() == (0, "app\n", "")
        code, out, err = run(DD_TRACE_STARTUP_LOGS="true", DD_TRACE_LOG_LEVEL="INFO", DD_SERVICE="it's")
        assert (code, out) == (0, "app\n")
        head, _, text = err.partition("CONFIGURATION - ")
        assert head == "- DATADOG TRACER "
        facts = ast.literal_eval(text)
        assert facts["service"] == "it's" and facts["agent_error"] is None and facts["agent_url"] == agent.url
    code, out, err = run(DD_TRACE_STARTUP_LOGS="true")
    assert err == f"- DATADOG TRACER DIAGNOSTIC - Agent not reachable at {agent.url}\n"


def test_the_version_of_ddtrace_run(both):
    for flag in ("-v", "--version"):
        assert both.run(both.ddtrace_run, flag) == (0, f"ddtrace-run {LEVEL}\n", "")


def test_one_level_everywhere(both):
    show = ("import ddtrace, importlib.metadata as m; "
            "print(ddtrace.__version__, m.version('ddtrace'), m.version('DDTrace'), m.metadata('ddtrace')['Version'])")
    assert both.run(both.launcher, "-c", show) == (0, " ".join([LEVEL] * 4) + "\n", "")
    with Agent() as agent:
        both.run(both.launcher, "-c", "from ddtrace.trace import tracer; tracer.trace('x').finish()",
                 env={"DD_TRACE_AGENT_URL": agent.url})
        assert agent.by_path("/v0.5")[0].headers["datadog-meta-tracer-version"] == LEVEL


def test_metadata_without_ddtrace(both):
    """Lists of what is installed, and other names, are python's own."""
    plain, launcher = both.outcomes("-c", """
import importlib.metadata as m
print(sorted(d.name for d in m.distributions()), m.entry_points().groups)
for name in "ddtrac", "dd-trace", "ddtrace-x", "":
    try: print(m.version(name))
    except (m.PackageNotFoundError, ValueError) as error: print(repr(error))
""")
    assert launcher == plain and plain[0] == 0


@pytest.fixture
def installed(both, tmp_path):
    """A folder in which some other ddtrace is installed, with a pytest plugin."""
    info = tmp_path / "ddtrace-1.2.3.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ddtrace\nVersion: 1.2.3\n")
    (info / "RECORD").write_text("ddtrace/__init__.py,,\nddtrace/testing/internal/pytest/entry_point.py,,\n")
    (info / "entry_points.txt").write_text(
        "[pytest11]\nddtrace = ddtrace.testing.internal.pytest.entry_point\n")
    (tmp_path / "ddtrace").mkdir()
    (tmp_path / "ddtrace/__init__.py").write_text("raise Exception('the installed one')")
    return tmp_path


def test_an_installed_ddtrace_does_not_matter(both, installed):
    show = "import ddtrace, importlib.metadata as m; print(ddtrace.__version__, m.version('ddtrace'))"
    env = {"PYTHONPATH": str(installed)}
    assert both.run(both.launcher, "-c", show, env=env) == (0, f"{LEVEL} {LEVEL}\n", "")


def test_pytest_takes_the_plugin_in_the_program(both, libraries, installed):
    (installed / "test_it.py").write_text(
        "def test_it(ddtracer, ddspan):\n"
        "    assert ddspan is None\n"
        "    with ddtracer.trace('tested'): pass\n")
    with Agent() as agent:
        code, out, err = both.run(
            LAUNCHER, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--ddtrace", installed / "test_it.py",
            env={"DD_TRACE_AGENT_URL": agent.url, "PYTHONPATH": str(installed), **libraries})
        assert code == 0 and "1 passed" in out, out + err
        assert [span["name"] for span in agent.spans(1)] == ["tested"]


def test_info_names_an_activated_environment_that_does_not_fit(tmp_path):
    def info(**variables):
        return subprocess.run([LAUNCHER, "--dd-info"], capture_output=True, text=True, timeout=60,
                              env=clean_environment(**variables)).stdout
    assert f"Not used: {tmp_path}, which is of another python" in info(VIRTUAL_ENV=str(tmp_path))
    assert "Not used" not in info()
