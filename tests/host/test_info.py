"""What the program says about itself, and what others read about it."""

import ast
import json
import os
import pathlib
import pty
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from conftest import LAUNCHER, clean_environment  # noqa: E402
from fakes.agent import Agent  # noqa: E402

LEVEL = "4.16.0"


ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(params=["--dd-info", "ddtrace-run --info", "ddtrace-run -nc -i"])
def info(both, request):
    program = [both.launcher] if request.param.startswith("--") else [both.ddtrace_run]
    program += request.param.removeprefix("ddtrace-run ").split()

    def run(status, **variables):
        done = subprocess.run(program, capture_output=True, text=True, timeout=60,
                              env=clean_environment(**variables))
        expected = status if "--dd-info" in program else 0  # ddtrace-run only tells
        assert done.returncode == expected, done.stderr
        return done.stdout
    return run


def test_info_of_a_configured_program(info):
    with Agent() as agent:
        out = info(0, DD_TRACE_AGENT_URL=agent.url, DD_SERVICE="shop", DD_ENV="prod", DD_VERSION="7",
                   DD_TAGS="team:a", DD_API_KEY="hidden", DD_TRACE_REQUESTS_ENABLED="false",
                   OTEL_LOG_LEVEL="debug", DD_REDIS_CMD_MAX_LENGTH="7", DD_SNOWFLAKE_SERVICE="s")
        assert [request.path for request in agent.requests] == ["/info"]
    for line in (f"    Writing traces to: {agent.url}\n", "    Agent error: None\n",
                 "    DD Service: shop\n", "    DD Env: prod\n", "    DD Version: 7\n",
                 "    Global Tags: team:a\n", "    Debug logging: True\n",
                 "    DD_ENV=prod (environment)\n", "    DD_API_KEY=*** (environment)\n",
                 "    DD_REDIS_CMD_MAX_LENGTH=7 (environment)\n",
                 "    OTEL_LOG_LEVEL=true (environment), which is DD_TRACE_DEBUG\n",
                 "    DD_SNOWFLAKE_SERVICE=s (environment), not used by this program yet\n",
                 "    requests: off, DD_TRACE_REQUESTS_ENABLED=false (environment)\n", "    tracer: on\n",
                 "    Not in this program yet: application security,", "    Nothing is wrong\n"):
        assert line in out, (line, out)
    enabled, disabled = (line for line in out.splitlines() if line.startswith(("    Enabled: ", "    Disabled: ")))
    assert "sqlite3" in enabled and "requests" not in enabled and "requests" in disabled
    assert "WARNING" not in out and "ERROR" not in out and "hidden" not in out


def test_info_of_a_program_that_is_not_configured(info):
    out = info(2, DD_TRACE_AGENT_URL="http://127.0.0.1:1")
    assert "    Agent error: Agent not reachable at http://127.0.0.1:1\n" in out
    assert "    Children followed: direct\n" in out or "    Children followed: all\n" in out
    assert "ERROR: It looks like you have an agent error" in out
    for tag in ("SERVICE", "ENV", "VERSION"):
        assert f"WARNING {tag} NOT SET\n What to do: set DD_{tag}" in out


def test_info_names_each_problem_and_what_to_do(info):
    with Agent() as agent:
        out = info(1, DD_TRACE_AGENT_URL=agent.url, DD_SERVICE="s", DD_ENV="e", DD_VERSION="1", DD_TRACE_RATE_LIMIT="abc",
                   DD_TRACE_ENABELD="1", DD_UNHEARD_OF_THING="1", DD_PROFILING_ENABLED="true", DD_PATCH_MODULES="zzz:true,redis")
    for what in ("DD_TRACE_RATE_LIMIT=abc is not understood; using 100",
                 "DD_TRACE_ENABELD is not a known setting and has no effect; did you mean DD_TRACE_ENABLED?",
                 "DD_PROFILING_ENABLED=true (environment): there is no profiling in this program yet",
                 "DD_PATCH_MODULES: zzz is not an integration", "DD_PATCH_MODULES: redis has no effect"):
        assert f"WARNING: {what}\n What to do: " in out
    assert "    Not settings of this program: DD_UNHEARD_OF_THING\n" in out


def test_info_of_rules_that_cannot_be_read(info):
    out = info(2, DD_TRACE_AGENT_URL="http://127.0.0.1:1", DD_TRACE_SAMPLING_RULES="often", DD_SPAN_SAMPLING_RULES="[{}]")
    assert "WARNING: DD_TRACE_SAMPLING_RULES: the text is not a JSON list of rules\n What to do: " in out
    assert "WARNING: DD_SPAN_SAMPLING_RULES: " in out


def test_info_without_an_agent_names_the_intake(info):
    out = info(1, DD_AGENTLESS_ENABLED="true", DD_API_KEY="0" * 32, DD_SITE="datadoghq.eu")
    assert "    Writing traces to: https://public-trace-http-intake.logs.datadoghq.eu\n    Agent error: None\n" in out
    out = info(2, DD_AGENTLESS_ENABLED="true", DD_TRACE_AGENT_URL="http://127.0.0.1:1")
    assert "WARNING: DD_AGENTLESS_ENABLED needs DD_API_KEY; traces go to the agent\n What to do: set DD_API_KEY" in out


def test_info_knows_the_older_word_for_correlated_logs(info):
    out = info(2, DD_TRACE_AGENT_URL="http://127.0.0.1:1", DD_LOGS_INJECTION=" structured")
    assert "    Log injection enabled: True\n" in out and "    DD_LOGS_INJECTION=true (environment)\n" in out


def test_info_without_tracing_says_why_nothing_is_on(info):
    out = info(1, DD_TRACE_AGENT_URL="http://127.0.0.1:1", DD_TRACE_ENABLED="false")
    assert "    Enabled: None\n" in out and "    agent: off: DD_TRACE_ENABLED\n" in out


def test_info_tells_an_agent_without_remote_configuration(info):
    with Agent() as agent:
        agent.answer = lambda request: (200, {}, b'{"version": "7.1.0", "endpoints": ["/v0.4/traces"]}')
        out = info(1, DD_TRACE_AGENT_URL=agent.url, DD_SERVICE="s", DD_ENV="e", DD_VERSION="1")
    assert "    Agent version: 7.1.0\n" in out and "the agent does not answer remote configuration" in out


def test_info_survives_an_address_that_is_none(info):
    assert "Agent error: " in info(2, DD_TRACE_AGENT_URL="foo://x")


@pytest.mark.parametrize(("name", "value", "used"), [
    ("DD_TRACE_AGENT_URL", "foo://x", "http://localhost:8126"),
    ("DD_TRACE_AGENT_URL", "nothing", "http://localhost:8126"),
    ("DD_TRACE_AGENT_URL", "http://h:99999", "http://localhost:8126"),
    ("DD_AGENT_HOST", "a/b", "http://localhost:8126"),
    ("DD_TRACE_AGENT_PORT", "99999", "8126"),
    ("DD_DOGSTATSD_URL", "foo://x", "udp://localhost:8125"),
    ("DD_DOGSTATSD_URL", "udp://x:99999", "udp://localhost:8125"),
    ("DD_DOGSTATSD_PORT", "x", "8125"),
    ("DD_TRACE_OBFUSCATION_QUERY_STRING_REGEXP", "(", "none: no query string is shown"),
    ("DD_TRACE_PYTHON_CHILDREN", "some", "direct"),
    ("DD_TELEMETRY_HEARTBEAT_INTERVAL", "soon", "60"),
    ("DD_REMOTE_CONFIG_POLL_INTERVAL_SECONDS", "now", "5"),
])
def test_a_value_that_cannot_be_used_is_told_in_one_line(both, name, value, used):
    code, out, err = both.run(both.launcher, "-c", "print(1)", env={name: value, "DD_RUNTIME_METRICS_ENABLED": "true"})
    assert (code, out, err) == (0, "1\n", f"ddpython: {name}={value} is not understood; using {used}\n")


@pytest.mark.parametrize(("name", "value", "line"), [
    ("DD_PROFILING_ENABLED", "true", "DD_PROFILING_ENABLED=true (environment): there is no profiling in this program yet"),
    ("DD_APPSEC_ENABLED", "1",
     "DD_APPSEC_ENABLED=true (environment): there is no application security in this program yet"),
    ("DD_ERROR_TRACKING_HANDLED_ERRORS", "all", "DD_ERROR_TRACKING_HANDLED_ERRORS=all (environment): "
     "there is no error tracking of handled errors in this program yet"),
    ("DD_PATCH_MODULES", "zzz:true", "DD_PATCH_MODULES: zzz is not an integration"),
    ("DD_PATCH_MODULES", "redis,sqlite3:false", "DD_PATCH_MODULES: redis has no effect"),
    ("DD_PATCH_MODULES", "snowflake:true", "DD_PATCH_MODULES: there is no integration of snowflake in this program yet"),
])
def test_what_is_turned_on_and_not_there_is_told_in_one_line(both, name, value, line):
    assert both.run(both.launcher, "-c", "print(1)", env={name: value}) == (0, "1\n", f"ddpython: {line}\n")


@pytest.mark.parametrize("settings", [
    {"DD_PROFILING_ENABLED": "false", "DD_APPSEC_ENABLED": "0", "DD_PROFILING_MAX_FRAMES": "7"},
    {"DD_PATCH_MODULES": "redis:false,snowflake:false"}, {"DD_ERROR_TRACKING_HANDLED_ERRORS": ""},
    {"DD_OF_ANOTHER_PROGRAM": "1"},
])
def test_what_is_off_configured_or_of_another_program_is_not_told(both, settings):
    assert both.run(both.launcher, "-c", "print(1)", env=settings) == (0, "1\n", "")


def test_debugging_tells_unknown_names_too(both):
    code, out, err = both.run(both.launcher, "-c", "print(1)", env={"DD_OF_ANOTHER_PROGRAM": "1", "DD_TRACE_DEBUG": "true"})
    assert (code, out) == (0, "1\n") and "ddpython: DD_OF_ANOTHER_PROGRAM is not a setting of this program\n" in err


def test_a_file_of_settings_that_cannot_be_read_is_told_in_one_line(both, tmp_path):
    local, fleet = tmp_path / "local.yaml", tmp_path / "fleet.yaml"
    local.write_text("apm_configuration_default:\n  DD_SERVICE: [a\n bad: : :\n")
    fleet.write_text("apm_configuration_default:\n  DD_VERSION: '9'\n")
    code, out, err = both.run(both.launcher, "-c", "import ddtrace; print(ddtrace.config.version)",
                              env={"_DD_SC_LOCAL_FILE_OVERRIDE": str(local), "_DD_SC_MANAGED_FILE_OVERRIDE": str(fleet)})
    assert (code, out) == (0, "9\n")
    assert err.count("\n") == 1 and err.startswith(f"ddpython: {local}: line 2: ") and "no setting is taken" in err


def colours(program, terminal, **variables):
    ours, theirs = pty.openpty()
    done = subprocess.Popen(program, stdin=subprocess.DEVNULL, stdout=theirs if terminal else subprocess.PIPE,
                            stderr=subprocess.DEVNULL, env=clean_environment(DD_TRACE_AGENT_URL="http://127.0.0.1:1", **variables))
    os.close(theirs)
    text = b""
    try:
        while part := os.read(ours, 65536) if terminal else done.stdout.read():
            text += part
    except OSError:  # the terminal's other end is closed
        pass
    os.close(ours)
    if not terminal: done.stdout.close()
    assert done.wait(60) == (2 if "--dd-info" in program else 0)
    return b"\033[" in text


@pytest.mark.parametrize("name, options", [("launcher", ["--dd-info"]), ("ddtrace_run", ["--info"])])
def test_colours_are_for_terminals(both, name, options):
    program = [getattr(both, name), *options]
    assert colours(program, True)
    assert not colours(program, True, NO_COLOR="1")
    assert not colours(program, False)
    assert colours(program, False, FORCE_COLOR="1")
    if name == "ddtrace_run": assert not colours([*program, "-nc"], True)


@pytest.mark.parametrize("name, options", [("launcher", ["--dd-info", "--json"]), ("ddtrace_run", ["--info", "--json"])])
def test_info_for_programs(both, name, options):
    def run(**variables):
        done = subprocess.run([getattr(both, name), *options], capture_output=True, text=True, timeout=60,
                              env=clean_environment(**variables))
        assert done.stderr == ""
        facts = json.loads(done.stdout)
        assert facts["status"] == done.returncode
        return done.returncode, facts

    with Agent() as agent:
        status, facts = run(DD_TRACE_AGENT_URL=agent.url, DD_SERVICE="shop", DD_ENV="prod", DD_VERSION="7",
                            DD_API_KEY="hidden", DD_TRACE_FLASK_ENABLED="0")
        assert status == 0 and facts["service"] == "shop" and facts["integrations"]["requests"] is True
        assert {"name": "DD_ENV", "value": "prod", "origin": "env_var", "variable": "DD_ENV", "in_force": True,
                "unused": False} in facts["settings"]
        assert "DD_PROFILING_MAX_FRAMES" in facts["unused_settings"] and "DD_ENV" not in facts["unused_settings"]
        assert "hidden" not in str(facts) and facts["problems"] == []
        assert facts["integration_reasons"] == {"flask": "DD_TRACE_FLASK_ENABLED=0 (environment)"}
        assert facts["products"]["tracer"] == {"state": "on", "why": ""} and "profiling" in facts["missing_products"]
        assert run(DD_TRACE_AGENT_URL=agent.url)[0] == 1
    status, facts = run(DD_TRACE_AGENT_URL="http://127.0.0.1:1")
    assert status == 2 and "not reachable" in facts["agent_error"] and facts["problems"][0]["remedy"]


def test_every_known_setting_shows_with_its_origin(both, tmp_path):
    """As given in a file, the environment, or both: the program lists it, whether it uses it or not."""
    rows = [line.split("\t") for line in (ROOT / "core/config/registry.tsv").read_text().splitlines() if line[0] != "#"]
    values = {name: {"boolean": "true", "int": "7", "decimal": "0.5"}.get(kind, "b3") for name, _, kind, *_ in rows
              if not name.startswith(("_DD_SC_", "OTEL_")) and name not in ("DD_TRACE_AGENT_URL", "DD_TRACE_AGENT_PORT")}
    names = list(values)
    local = tmp_path / "local.yaml"
    local.write_text("apm_configuration_default:\n" + "".join(f"  {name}: {values[name]}\n" for name in names[::2]))
    done = subprocess.run([both.launcher, "--dd-info", "--json"], capture_output=True, text=True, timeout=60, env=clean_environment(
        **{name: values[name] for name in names[::3]}, DD_TRACE_AGENT_URL="http://127.0.0.1:1", _DD_SC_LOCAL_FILE_OVERRIDE=str(local)))
    seen = {}
    for row in json.loads(done.stdout)["settings"]:
        seen.setdefault(row["name"], []).append((row["origin"], row["value"]))
    secret = {row[0] for row in rows if "sensitive" in row[6].split(",")}
    for number, name in enumerate(names):
        text = "***" if name in secret else values[name]
        expected = [("local_stable_config", text)] * (number % 2 == 0) + [("env_var", text)] * (number % 3 == 0)
        assert seen.get(name, []) == expected, name


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
