"""Products one by one: what is on and why, and what goes on when one of them fails or crashes."""

import json
import pathlib
import signal
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from fakes.agent import Agent  # noqa: E402

NAMES = [line.split('"')[1] for line in (pathlib.Path(__file__).parents[2] / "products" / "products.def").read_text()
         .splitlines() if line.startswith("DD_PRODUCT(")]
NOT_BY_ITSELF = ("local", "log-lines", "log-submission", "opentelemetry", "runtime-metrics")
SPAN = "from ddtrace.trace import tracer\ntracer.trace('work').finish()\nprint('done')"


def products(both, *options, **env):
    out = both.run(both.launcher, "--dd-info", "--json", *options, env={"DD_TRACE_AGENT_URL": "http://127.0.0.1:1", **env})[1]
    return {name: (one["state"], one["why"]) for name, one in json.loads(out)["products"].items()}


def test_each_product_is_shown_with_its_state_and_why(both):
    shown = products(both)
    assert list(shown) == NAMES
    assert shown["crashtracking"] == ("on", "DD_CRASHTRACKING_ENABLED") and shown["agent"][0] == "on"
    assert shown["local"] == ("off", "--dd-local")
    assert shown["runtime-metrics"] == ("off", "DD_RUNTIME_METRICS_ENABLED")
    text = both.run(both.launcher, "--dd-info", env={"DD_TRACE_AGENT_URL": "http://127.0.0.1:1"})[1]
    assert "Products:\n" in text and "telemetry: on (DD_INSTRUMENTATION_TELEMETRY_ENABLED)\n" in text


@pytest.mark.parametrize("env, off", [
    ({"DD_CRASHTRACKING_ENABLED": "0"}, {"crashtracking": "DD_CRASHTRACKING_ENABLED"}),
    ({"DD_INSTRUMENTATION_TELEMETRY_ENABLED": "0"}, {"telemetry": "DD_INSTRUMENTATION_TELEMETRY_ENABLED"}),
    ({"DD_REMOTE_CONFIGURATION_ENABLED": "0"}, {"remote-configuration": "DD_REMOTE_CONFIGURATION_ENABLED",
                                                "apm-tracing-rc": "needs remote-configuration",
                                                "tracer-flare": "needs remote-configuration"}),
], ids=["crash reports", "telemetry", "remote configuration"])
def test_what_is_off_says_why(both, env, off):
    shown, normal = products(both, **env), products(both)
    assert {name: why for name, (state, why) in shown.items() if (state, why) != normal[name]} == off
    assert all(shown[name][0] == "off" for name in off)


@pytest.mark.parametrize("how", ["", "!"], ids=["fails", "throws"])
@pytest.mark.parametrize("name", [name for name in NAMES if name not in NOT_BY_ITSELF])
def test_a_product_that_does_not_start_is_off_and_the_rest_goes_on(both, name, how):
    with Agent() as agent:
        env = {"DD_TRACE_AGENT_URL": agent.url, "_DD_TEST_FAIL_STEP": f"product:{how}{name}"}
        code, out, err = both.run(both.launcher, "-c", SPAN, env=env)
        assert (code, out) == (0, "done\n")
        assert err.count("\n") == 1 and err.startswith(f"ddpython: product {name} is off, the rest goes on: told to ")
        # A process has ended when its last payload is handed to the system, not when it is read.
        if name == "agent":
            assert agent.traces() == []
        else:
            assert len(agent.wait_for(traces=1)) == 1


def test_the_next_start_leaves_out_the_product_that_crashed(both, tmp_path):
    env = {"DD_SERVICE": "shop", "DD_TRACE_PYTHON_STATE_DIRECTORY": str(tmp_path / "state")}
    with Agent() as agent:
        env["DD_TRACE_AGENT_URL"] = agent.url
        run = lambda **more: both.run(both.launcher, "-c", SPAN, env={**env, **more})  # noqa: E731
        assert run() == (0, "done\n", "") and not (tmp_path / "state").exists()
        assert run(_DD_TEST_FAIL_STEP="product:#telemetry")[0] == -signal.SIGSEGV
        report = agent.by_path("/evp_proxy/v4/api/v2/errorsintake")[1].json()
        assert "product:telemetry" in report["ddtags"]
        [note] = (tmp_path / "state").iterdir()
        assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700 and note.stat().st_mode & 0o777 == 0o600
        agent.clear()
        code, out, err = run()
        assert (code, out) == (0, "done\n") and len(agent.wait_for(traces=1)) == 1 and not agent.by_path("/telemetry")
        assert err.startswith("ddpython: safe mode: product telemetry is off, the rest goes on: process ")
        assert "died by SIGSEGV" in err and str(note) in err
        assert products(both, "-c", SPAN, **env)["telemetry"][0] == "safe mode"
        # Others of the same user are not concerned, and one may say that it is over.
        assert run(DD_SERVICE="other")[2] == "" and run(DD_TRACE_PYTHON_SAFE_MODE="false")[2] == ""
        note.unlink()
        agent.clear()
        assert run()[2] == ""
        agent.wait_for(until=lambda agent: agent.by_path("/telemetry") != [])


def test_a_crash_of_the_program_bars_nothing(both, tmp_path):
    env = {"DD_TRACE_PYTHON_STATE_DIRECTORY": str(tmp_path / "state"), "DD_TRACE_AGENT_URL": "http://127.0.0.1:1"}
    assert both.run(both.launcher, "-c", "import ctypes; ctypes.string_at(0)", env=env)[0] == -signal.SIGSEGV
    assert not (tmp_path / "state").exists()
