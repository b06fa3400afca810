"""What an agent says while the program runs."""

import base64
import hashlib
import io
import json
import pathlib
import subprocess
import sys
import zipfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from conftest import LAUNCHER, clean_environment  # noqa: E402
from fakes.agent import INFO, Agent  # noqa: E402

PROGRAM = """
import io, logging, sys, time
from ddtrace.trace import tracer

written = io.StringIO()
handler = logging.StreamHandler(written)
handler.setFormatter(logging.Formatter("%(message)s %(dd.service)s", defaults={"dd.service": "-"}))
log = logging.getLogger("app"); log.addHandler(handler); log.propagate = False

def logged():
    log.warning("")
    return written.getvalue().split()[-1]

def wait_for(what):
    end = time.time() + 20
    while not what():
        assert time.time() < end, what
        with tracer.trace("tick", service="tick"): time.sleep(0.01)

def tag(name):
    with tracer.trace("look", service="look") as span: pass
    return span.get_tag(name)

wait_for(lambda: tag("from") == "afar")
with tracer.trace("web", service="web") as span: pass
wait_for(lambda: logged() == "-")
print(tag("own"), span.context.sampling_priority, flush=True)
sys.stdin.readline()
wait_for(lambda: tag("from") is None)
wait_for(lambda: logged() == "shop")
with tracer.trace("web", service="web") as span: pass
print(tag("own"), flush=True)
"""

CONFIG = {
    "service_target": {"service": "shop", "env": "*"},
    "lib_config": {
        "tracing_tags": ["from:afar"],
        "log_injection_enabled": False,
        "tracing_sampling_rules": [
            {"service": "web", "sample_rate": 0.0, "provenance": "customer"}
        ],
    },
}


def answer_with(path, config, version=1, content_version=4):
    content = json.dumps(config).encode()
    targets = {"signed": {"version": version, "targets": {path: {
        "custom": {"v": content_version}, "length": len(content),
        "hashes": {"sha256": hashlib.sha256(content).hexdigest()}}}}}
    return {
        "targets": base64.b64encode(json.dumps(targets).encode()).decode(),
        "target_files": [{"path": path, "raw": base64.b64encode(content).decode()}],
        "client_configs": [path],
    }


NOTHING = {**answer_with("x", {}), "client_configs": [], "target_files": []}


def test_settings_come_and_go_while_the_program_runs():
    said = answer_with("datadog/2/APM_TRACING/one/config", CONFIG)

    def answer(request):
        if request.path == "/v0.7/config":
            return 200, {}, json.dumps(said).encode()
        return 200, {}, json.dumps(INFO).encode() if request.path == "/info" else b"{}"

    with Agent() as agent:
        agent.answer = answer
        program = subprocess.Popen(
            [LAUNCHER, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=clean_environment(
                DD_TRACE_AGENT_URL=agent.url, DD_SERVICE="shop", DD_TAGS="own:yes",
                DD_REMOTE_CONFIG_POLL_INTERVAL_SECONDS="0.1"))
        try:
            assert program.stdout.readline() == "None -1\n"
            said = NOTHING
            out, _ = program.communicate("\n", timeout=60)
        finally:
            program.kill()
        assert (program.returncode, out) == (0, "yes\n")
        polls = [json.loads(r.body) for r in agent.requests if r.path == "/v0.7/config"]
    first = polls[0]["client"]
    assert first["client_tracer"]["service"] == "shop" and first["products"] == ["AGENT_CONFIG", "AGENT_TASK", "APM_TRACING"]
    assert first["state"]["config_states"] == []
    states = [p["client"]["state"]["config_states"] for p in polls]
    assert [{"id": "one", "version": 4, "product": "APM_TRACING", "apply_state": 2,
             "apply_error": ""}] in states
    assert all(not p["client"]["state"]["has_error"] for p in polls)


def test_switched_off_it_asks_for_nothing():
    program = "from ddtrace.trace import tracer\nwith tracer.trace('a'): pass\ntracer.flush()\n"
    with Agent() as agent:
        subprocess.run([LAUNCHER, "-c", program + "import time; time.sleep(0.5)"], check=True,
                       env=clean_environment(DD_TRACE_AGENT_URL=agent.url,
                                             DD_REMOTE_CONFIG_POLL_INTERVAL_SECONDS="0.1",
                                             DD_REMOTE_CONFIGURATION_ENABLED="false"))
        assert "/v0.7/config" not in [request.path for request in agent.requests]


TASK = """
import time
from ddtrace.trace import tracer
end = time.time() + 10
while time.time() < end:
    with tracer.trace("tick", service="another"): time.sleep(0.05)
"""


def test_a_flare_is_sent_once_on_a_task():
    task = {"task_type": "tracer_flare", "uuid": "u-1",
            "args": {"case_id": "12345", "hostname": "h", "user_handle": "me@x.y"}}

    def answer(request):
        if request.path == "/info":
            return 200, {}, json.dumps({**INFO, "endpoints": [*INFO["endpoints"], "/tracer_flare/v1"]}).encode()
        body = answer_with("datadog/2/AGENT_TASK/task/config", task) if request.path == "/v0.7/config" else {}
        return 200, {}, json.dumps(body).encode()

    with Agent() as agent:
        agent.answer = answer
        program = subprocess.Popen(
            [LAUNCHER, "-c", TASK], env=clean_environment(
                DD_TRACE_AGENT_URL=agent.url, DD_REMOTE_CONFIG_POLL_INTERVAL_SECONDS="0.1", DD_SERVICE="shop"))
        try:
            def acknowledged(agent):
                states = [r.json()["client"]["state"]["config_states"] for r in agent.by_path("/v0.7/config")]
                services = [r.json()["client"]["client_tracer"]["extra_services"] for r in agent.by_path("/v0.7/config")]
                return sum(s[:1] != [] and s[0]["apply_state"] == 2 for s in states) > 3 and ["another"] in services and (
                    agent.by_path("/tracer_flare/v1") != [])

            agent.wait_for(until=acknowledged)
        finally:
            program.kill()
            program.wait()
        [flare] = agent.by_path("/tracer_flare/v1")
    assert flare.headers["content-type"].startswith("multipart/form-data; boundary=")
    with zipfile.ZipFile(io.BytesIO(flare.body[flare.body.index(b"PK\x03\x04"):])) as archive:
        names = sorted(name.rsplit("_", 1)[0] for name in archive.namelist())
        [settings] = [json.loads(archive.read(n)) for n in archive.namelist() if n.endswith(".json")]
    assert names == ["tracer_flare/tracer_config", "tracer_flare/tracer_python"]
    assert {"name": "DD_SERVICE", "value": "shop", "origin": "env_var"} in settings["configs"]


CALLBACKS = """
import os, sys, threading
from ddtrace.internal.native._native import RemoteConfigCapabilities, RemoteConfigProduct
from ddtrace.internal.remoteconfig import RCCallback
from ddtrace.internal.remoteconfig.worker import remoteconfig_poller
if len(sys.argv) > 1 and os.fork(): os.wait(); os._exit(0)
went = threading.Event()
class Seen(RCCallback):
    def __call__(self, payloads):
        for one in payloads:
            print(one.path, one.content, one.metadata.id, one.metadata.product_name, one.metadata.length,
                  one.metadata.tuf_version, threading.current_thread() is threading.main_thread(), flush=True)
            if one.content is None: went.set()
            elif one.content["a"] == 2: raise ValueError("not this")
seen = Seen()
product = RemoteConfigProduct.AsmData
remoteconfig_poller.register_callback(product, seen, [RemoteConfigCapabilities.AsmIpBlocking])
remoteconfig_poller.enable_product(product)
assert remoteconfig_poller.get_registered(product) is seen
assert went.wait(30)  # in a C call: nothing of the main thread's runs meanwhile
remoteconfig_poller.disable_product(product)
"""
DATA = "datadog/2/ASM_DATA/three/config"


@pytest.mark.parametrize("forked", [[], ["forked"]], ids=["", "in a forked child"])
def test_callbacks_of_the_program(forked):
    polls = []

    def answer(request):
        if request.path != "/v0.7/config":
            return 200, {}, json.dumps(INFO).encode() if request.path == "/info" else b"{}"
        body = request.json()
        if "ASM_DATA" not in body["client"]["products"]:
            return 200, {}, b"{}"
        polls.append(body)
        said = answer_with(DATA, {"a": len(polls)}, len(polls), len(polls)) if len(polls) in (1, 2) else None
        if len(polls) == 4:
            said = {**answer_with(DATA, {}, 4), "client_configs": []}
        return 200, {}, json.dumps(said or {}).encode()

    with Agent() as agent:
        agent.answer = answer
        done = subprocess.run(
            [LAUNCHER, "-c", CALLBACKS, *forked], capture_output=True, text=True, timeout=60,
            env=clean_environment(DD_TRACE_AGENT_URL=agent.url, DD_REMOTE_CONFIG_POLL_INTERVAL_SECONDS="0.2"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [f"{DATA} {{'a': 1}} three ASM_DATA 8 1 False",
                                        f"{DATA} {{'a': 2}} three ASM_DATA 8 2 False",
                                        f"{DATA} None three ASM_DATA None 2 False"]
    states = [[(one["version"], one["apply_state"], one["apply_error"]) for one in body["client"]["state"]["config_states"]]
              for body in polls]
    assert states[:2] == [[], [(1, 2, "")]]
    assert (2, 3, "ValueError('not this')") in states[3]
    assert int.from_bytes(bytes(polls[0]["client"]["capabilities"]), "big") >> 2 & 1
