"""What an agent says while the program runs."""

import base64
import hashlib
import io
import json
import pathlib
import subprocess
import sys
import time
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


def answer_with(path, config, version=1, content_version=4, more=None):
    contents = {name: json.dumps(one).encode() for name, one in {path: config, **(more or {})}.items()}
    targets = {"signed": {"version": version, "targets": {name: {
        "custom": {"v": content_version}, "length": len(content),
        "hashes": {"sha256": hashlib.sha256(content).hexdigest()}} for name, content in contents.items()}}}
    return {
        "targets": base64.b64encode(json.dumps(targets).encode()).decode(),
        "target_files": [{"path": name, "raw": base64.b64encode(content).decode()} for name, content in contents.items()],
        "client_configs": list(contents),
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


def test_a_program_that_imports_the_package_asks_without_a_trace():
    with Agent() as agent:
        program = subprocess.Popen([LAUNCHER, "-c", "import ddtrace, sys; sys.stdin.read()"], stdin=subprocess.PIPE,
                                   env=clean_environment(DD_TRACE_AGENT_URL=agent.url))
        try:
            agent.wait_for(until=lambda agent: agent.by_path("/v0.7/config") != [])
        finally:
            program.communicate()
    assert program.returncode == 0


def test_switched_off_it_asks_for_nothing():
    program = "from ddtrace.trace import tracer\nwith tracer.trace('a'): pass\ntracer.flush()\n"
    with Agent() as agent:
        subprocess.run([LAUNCHER, "-c", program + "import time; time.sleep(0.5)"], check=True,
                       env=clean_environment(DD_TRACE_AGENT_URL=agent.url,
                                             DD_REMOTE_CONFIG_POLL_INTERVAL_SECONDS="0.1",
                                             DD_REMOTE_CONFIGURATION_ENABLED="false"))
        assert "/v0.7/config" not in [request.path for request in agent.requests]


TASK = """
import logging, time
from ddtrace.trace import tracer
seen, end = False, time.time() + 10
while time.time() < end:
    logging.getLogger("ddtrace.mine").debug("for the flare")
    now = logging.getLogger("ddtrace").level == logging.DEBUG
    if seen and not now: print("as before", flush=True)
    seen = now
    with tracer.trace("tick", service="another"): time.sleep(0.05)
"""
LEVEL = {"name": "flare-log-level.debug", "config": {"log_level": "debug"}}


def test_a_flare_is_sent_once_on_a_task():
    task = {"task_type": "tracer_flare", "uuid": "u-1",
            "args": {"case_id": "12345", "hostname": "h", "user_handle": "me@x.y"}}
    polls = []

    def answer(request):
        if request.path == "/info":
            return 200, {}, json.dumps({**INFO, "endpoints": [*INFO["endpoints"], "/tracer_flare/v1"]}).encode()
        body = {}
        if request.path == "/v0.7/config":
            polls.append(request)
            asked = {"datadog/2/AGENT_TASK/task/config": task} if len(polls) > 5 else {}
            body = answer_with("datadog/2/AGENT_CONFIG/level/config", LEVEL, version=1 + len(asked), more=asked)
        return 200, {}, json.dumps(body).encode()

    with Agent() as agent:
        agent.answer = answer
        program = subprocess.Popen(
            [LAUNCHER, "-c", TASK], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=clean_environment(
                DD_TRACE_AGENT_URL=agent.url, DD_REMOTE_CONFIG_POLL_INTERVAL_SECONDS="0.1", DD_SERVICE="shop",
                DD_API_KEY="0123456789abcdef0123456789abcdef"))
        try:
            def acknowledged(agent):
                states = [r.json()["client"]["state"]["config_states"] for r in agent.by_path("/v0.7/config")]
                services = [r.json()["client"]["client_tracer"]["extra_services"] for r in agent.by_path("/v0.7/config")]
                return sum(len(s) == 2 and {one["apply_state"] for one in s} == {2} for s in states) > 3 and (
                    ["another"] in services and agent.by_path("/tracer_flare/v1") != [])

            agent.wait_for(until=acknowledged)
            assert program.stdout.readline() == "as before\n"
        finally:
            program.kill()
            program.wait()
        [flare] = agent.by_path("/tracer_flare/v1")
    assert flare.headers["content-type"].startswith("multipart/form-data; boundary=")
    with zipfile.ZipFile(io.BytesIO(flare.body[flare.body.index(b"PK\x03\x04"):])) as archive:
        names = sorted(name.rsplit("_", 1)[0] for name in archive.namelist())
        [settings] = [json.loads(archive.read(n)) for n in archive.namelist() if n.endswith(".json")]
        lines = [json.loads(line) for n in archive.namelist() if n.endswith(".log") for line in archive.read(n).splitlines()]
    assert names == ["tracer_flare/tracer_config", "tracer_flare/tracer_python"]
    assert (settings["configs"]["DD_SERVICE"], settings["origins"]["DD_SERVICE"]) == ("shop", "env_var")
    assert settings["configs"]["_dd_api_key"] == "*" * 28 + "cdef" and b"0123" not in flare.body
    said = {(line["logger"], line["level"], line["message"]) for line in lines}
    assert {("ddtrace.mine", "DEBUG", "for the flare"), ("ddtrace", "DEBUG", "a tracer flare is sent for case 12345")} <= said
    assert all(line["dd.service"] == "shop" and line["timestamp"].endswith("Z") for line in lines)


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


FAMILY = """
import os, sys, time
from ddtrace.trace import tracer
def wait_for(value):
    end = time.time() + 20
    while time.time() < end:
        with tracer.trace("look", service=sys.argv[1] if len(sys.argv) > 1 else "look") as span: pass
        if span.get_tag("from") == value: return
        time.sleep(0.01)
    os._exit(7)
"""
TAGGED = {"lib_config": {"tracing_tags": ["from:afar"]}}


def polls(agent):
    return [request.json()["client"] for request in agent.by_path("/v0.7/config")]


def askers(agent):
    return {client["id"] for client in polls(agent)}


def answering(says):
    def answer(request):
        if request.path == "/v0.7/config":
            return 200, {}, json.dumps(says()).encode()
        return 200, {}, json.dumps(INFO).encode() if request.path == "/info" else b"{}"

    return answer


def of_family(agent, program, *arguments, interval="0.1"):
    return subprocess.Popen(
        [LAUNCHER, "-c", FAMILY + program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=clean_environment(DD_TRACE_AGENT_URL=agent.url, DD_SERVICE="shop", DD_REMOTE_CONFIG_POLL_INTERVAL_SECONDS=interval))


def test_one_process_of_a_family_asks_for_all():
    program = """
wait_for("afar")
children = []
for n in range(3):
    child = os.fork()
    if child == 0:
        wait_for("afar"); print("had", flush=True)
        wait_for(None); print("taken back", flush=True)
        wait_for("afar"); print("again", flush=True)
        os._exit(0)
    children.append(child)
for child in children: assert os.waitpid(child, 0)[1] == 0
"""
    said = [answer_with("datadog/2/APM_TRACING/one/config", TAGGED)]
    with Agent() as agent:
        agent.answer = answering(lambda: said[-1])
        with of_family(agent, program) as process:
            assert [process.stdout.readline() for _ in range(3)] == ["had\n"] * 3
            said.append(answer_with("x", {}, 2) | {"client_configs": [], "target_files": []})
            assert [process.stdout.readline() for _ in range(3)] == ["taken back\n"] * 3
            said.append(answer_with("datadog/2/APM_TRACING/two/config", TAGGED, 3))
            assert [process.stdout.readline() for _ in range(3)] == ["again\n"] * 3
            process.communicate(timeout=60)
        assert process.returncode == 0
        assert len(askers(agent)) == 1
        assert not any(client["state"]["has_error"] for client in polls(agent))


@pytest.mark.parametrize("end", ["os._exit(0)", "os.kill(os.getpid(), 9)"], ids=["ends", "is killed"])
def test_another_asks_when_the_one_has_gone(end):
    program = """
wait_for("afar")
if os.fork() == 0:
    print("on", flush=True)
    wait_for(None); print("taken back", flush=True)
    os._exit(0)
sys.stdin.readline()
""" + end
    said = [answer_with("datadog/2/APM_TRACING/one/config", TAGGED)]
    with Agent() as agent:
        agent.answer = answering(lambda: said[-1])
        with of_family(agent, program) as process:
            assert process.stdout.readline() == "on\n"
            assert len(askers(agent)) == 1
            process.stdin.write("\n")
            process.stdin.close()
            process.wait(60)
            said.append(answer_with("x", {}, 2) | {"client_configs": [], "target_files": []})
            assert process.stdout.readline() == "taken back\n"
        assert len(askers(agent)) == 2


def test_the_one_asks_for_what_members_want_too():
    program = """
from ddtrace.internal.native._native import RemoteConfigCapabilities, RemoteConfigProduct
from ddtrace.internal.remoteconfig import RCCallback
from ddtrace.internal.remoteconfig.worker import remoteconfig_poller
wait_for("afar")
child = os.fork()
if child == 0:
    class Seen(RCCallback):
        def __call__(self, payloads):
            for one in payloads: print(one.path, one.content, flush=True)
    remoteconfig_poller.register_callback(RemoteConfigProduct.AsmData, Seen(), [RemoteConfigCapabilities.AsmIpBlocking])
    remoteconfig_poller.enable_product(RemoteConfigProduct.AsmData)
    sys.argv[1:] = ["a-part"]
    wait_for("never")
sys.stdin.readline()
os.kill(child, 9)
"""
    path = "datadog/2/APM_TRACING/one/config"
    both = answer_with(path, TAGGED)
    more = answer_with(DATA, {"a": 1})
    targets = [json.loads(base64.b64decode(one["targets"])) for one in (both, more)]
    targets[0]["signed"]["version"] = 2
    targets[0]["signed"]["targets"] |= targets[1]["signed"]["targets"]
    more = {"targets": base64.b64encode(json.dumps(targets[0]).encode()).decode(), "client_configs": [path, DATA],
            "target_files": both["target_files"] + more["target_files"]}

    with Agent() as agent:
        def wanted():
            return bool(polls(agent)) and "ASM_DATA" in polls(agent)[-1]["products"]

        agent.answer = answering(lambda: more if wanted() else both)
        with of_family(agent, program) as process:
            assert process.stdout.readline() == f"{DATA} {{'a': 1}}\n"
            agent.wait_for(until=lambda agent: "a-part" in polls(agent)[-1]["client_tracer"]["extra_services"])
            agent.wait_for(until=lambda agent: len(polls(agent)[-1]["state"]["config_states"]) == 2)
            process.communicate("\n", timeout=60)
        assert process.returncode == 0
        last = polls(agent)[-1]
        assert {one["apply_state"] for one in last["state"]["config_states"]} == {2}
        assert int.from_bytes(bytes(last["capabilities"]), "big") >> 2 & 1
        assert len(askers(agent)) == 1


def test_the_agent_hears_what_a_callback_of_a_member_raised():
    program = """
from ddtrace.internal.native._native import RemoteConfigProduct
from ddtrace.internal.remoteconfig import RCCallback
from ddtrace.internal.remoteconfig.worker import remoteconfig_poller
wait_for("afar")
child = os.fork()
if child == 0:
    class Fails(RCCallback):
        def __call__(self, payloads):
            raise ValueError("not mine")
    remoteconfig_poller.register_callback(RemoteConfigProduct.AsmData, Fails(), [])
    remoteconfig_poller.enable_product(RemoteConfigProduct.AsmData)
    wait_for("never")
sys.stdin.readline()
os.kill(child, 9)
"""
    said = [answer_with("datadog/2/APM_TRACING/one/config", TAGGED)]
    with Agent() as agent:
        agent.answer = answering(lambda: said[-1])
        with of_family(agent, program) as process:
            while not any("ASM_DATA" in client["products"] for client in polls(agent)):
                time.sleep(0.05)
            said.append(answer_with("datadog/2/ASM_DATA/two/config", {"rules": []}, 2))
            while not any(state["apply_state"] == 3 and "not mine" in state["apply_error"]
                          for client in polls(agent) for state in client["state"]["config_states"]):
                assert process.poll() is None
                time.sleep(0.05)
            process.communicate("\n", timeout=60)
        assert len(askers(agent)) == 1


def test_a_client_may_ask_for_nothing():
    program = """
import time
from ddtrace.trace import tracer
from datadog import DDClient, DDConfig
client = DDClient(DDConfig(remote_configuration_enabled=False))
tracer.trace("x").finish()
client.flush_traces()
time.sleep(0.5)
"""
    with Agent() as agent:
        agent.answer = answering(lambda: {})
        subprocess.run([LAUNCHER, "-c", program], check=True, timeout=60,
                       env=clean_environment(DD_TRACE_AGENT_URL=agent.url, DD_REMOTE_CONFIG_POLL_INTERVAL_SECONDS="0.1"))
        assert polls(agent) == []
