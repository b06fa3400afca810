"""Remote configuration of the same program under the reference and under ddpython.

    remote.py DDPYTHON [--reference PYTHON] [--only NAME] [--show]

For each case a fake agent gives one answer after the other, a bad one among them, and the program
prints what its callbacks got. Compared: each request (headers, products, capabilities, states, errors said or not, cached
files) and what was printed. REFUSED and TOLD: where they differ as intended. Exits with 1 on any other difference.
"""

from __future__ import annotations

import base64
import hashlib
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "fakes"))
import agent  # noqa: E402
import sides  # noqa: E402

ONE = "datadog/2/APM_TRACING/one/config"
TWO = "datadog/2/APM_TRACING/two/config"
DATA = "datadog/2/ASM_DATA/three/config"
LIBRARY = {"service_target": {"service": "shop", "env": "*"}, "lib_config": {"tracing_sampling_rate": 0.5}}
# Of products that ddpython does not have: security, the debugger, LLM Observability.
THEIR_PRODUCTS = {"ASM", "ASM_DD", "ASM_FEATURES", "LIVE_DEBUGGING_SYMBOL_DB"}
THEIR_BITS = {1, 31, 38, 39, 40, 48}
SPAN = "import time\nfrom ddtrace.trace import tracer\nwith tracer.trace('x'): pass\n"
REGISTER = SPAN + """
from ddtrace.internal.remoteconfig import RCCallback
from ddtrace.internal.remoteconfig.worker import remoteconfig_poller
from ddtrace.internal.native._native import RemoteConfigCapabilities as C, RemoteConfigProduct as P
import os
def say(*what): os.write(1, (" ".join(map(str, what)) + "\\n").encode())  # callbacks have a thread of their own
class Seen(RCCallback):
    def __call__(self, payloads):
        for one in payloads:
            say(one.path, one.content, one.metadata.id, one.metadata.product_name, one.metadata.length, one.metadata.tuf_version,
                one.metadata.sha256_hash, one.metadata.apply_state, one.metadata.apply_error)
            if isinstance(one.content, dict) and one.content.get("raise"): raise ValueError("no")
seen = Seen()
remoteconfig_poller.register_callback(P.AsmData, seen, [C.AsmIpBlocking])
remoteconfig_poller.enable_product(P.AsmData)
say(remoteconfig_poller.get_registered(P.AsmData) is seen)
"""


def answer(files: dict[str, object], version: int = 1, *, configs=None, change=None, targets_only=None) -> bytes:
    """What an agent says; `change` may spoil it."""
    raw = {path: content if isinstance(content, bytes) else json.dumps(content).encode() for path, content in files.items()}
    targets = {path: {"custom": {"v": version}, "length": len(text), "hashes": {"sha256": hashlib.sha256(text).hexdigest()}}
               for path, text in raw.items()}
    signed = {"_type": "targets", "spec_version": "1.0", "expires": "2099-01-01T00:00:00Z", "version": version,
              "custom": {"opaque_backend_state": "c3RhdGU="}, "targets": targets}
    said = {"targets": signed, "target_files": [{"path": path, "raw": base64.b64encode(text).decode()} for path, text in raw.items()],
            "client_configs": list(raw) if configs is None else configs}
    if change:
        change(said)
    if isinstance(said["targets"], dict):
        said["targets"] = base64.b64encode(json.dumps({"signed": said["targets"], "signatures": []}).encode()).decode()
    return json.dumps(said).encode()


def spoil(path: str, **values):
    return lambda said: said["targets"]["targets"][path].update(values)


def drop_file(said):
    said["target_files"] = []


def drop_target(said):
    said["targets"]["targets"] = {}


def no_base64(said):
    said["targets"] = "{}"


def no_raw(said):
    said["target_files"][0]["raw"] = "?"


def bad_path(said):
    said["client_configs"].append("datadog/2/APM_TRACING")


def not_listed(said):
    said["client_configs"].append(TWO)


# What the reference takes and ddpython refuses, with an error; what a callback raises is told.
REFUSED = {"a wrong hash", "a wrong length", "replayed", "a bad one after a good one", "content is a list", "lib_config is a list",
           "a rate that is none", "a configuration without a service", "a file is missing", "not among the targets", "a bad path",
           "listed and not there", "targets are no base64", "a file is no base64", "not JSON", "a list", "truncated"}
TOLD = {"a callback raises", "a product nobody asked for", "security"}
GOOD = answer({ONE: LIBRARY})
CASES: list[tuple[str, str, list[bytes | None]]] = [
    ("one configuration", SPAN, [GOOD, None]),
    ("two, one goes", SPAN, [answer({ONE: LIBRARY, TWO: LIBRARY}), answer({ONE: LIBRARY}, 2), None]),
    ("a new version", SPAN, [GOOD, answer({ONE: {**LIBRARY, "id": 2}}, 2), None]),
    ("all go", SPAN, [GOOD, answer({}, 2), None]),
    ("content is no JSON", SPAN, [answer({ONE: b"{"}), None]),
    ("content is a list", SPAN, [answer({ONE: b"[1]"}), None]),
    ("content is empty", SPAN, [answer({ONE: b""}), None]),
    ("a configuration without a service", SPAN, [answer({ONE: {"lib_config": {"tracing_sampling_rate": 0.5}}}), None]),
    ("lib_config is a list", SPAN, [answer({ONE: {**LIBRARY, "lib_config": [1]}}), None]),
    ("a rate that is none", SPAN, [answer({ONE: {**LIBRARY, "lib_config": {"tracing_sampling_rate": "x"}}}), None]),
    ("a wrong hash", SPAN, [answer({ONE: LIBRARY}, change=spoil(ONE, hashes={"sha256": "0" * 64})), None]),
    ("a wrong length", SPAN, [answer({ONE: LIBRARY}, change=spoil(ONE, length=3)), None]),
    ("a file is missing", SPAN, [answer({ONE: LIBRARY}, change=drop_file), None]),
    ("not among the targets", SPAN, [answer({ONE: LIBRARY}, change=drop_target), None]),
    ("a bad path", SPAN, [answer({ONE: LIBRARY}, change=bad_path), None]),
    ("listed and not there", SPAN, [answer({ONE: LIBRARY}, change=not_listed), None]),
    ("targets are no base64", SPAN, [answer({ONE: LIBRARY}, change=no_base64), None]),
    ("a file is no base64", SPAN, [answer({ONE: LIBRARY}, change=no_raw), None]),
    ("not JSON", SPAN, [b"{", None]),
    ("a list", SPAN, [b"[]", None]),
    ("truncated", SPAN, [GOOD[:-20], None]),
    ("replayed", SPAN, [answer({ONE: LIBRARY}, 5), answer({TWO: LIBRARY}, 4), None]),
    ("a bad one after a good one", SPAN, [GOOD, answer({ONE: {**LIBRARY, "id": 2}}, 2, change=spoil(ONE, length=3)), None]),
    ("a product nobody asked for", SPAN, [answer({DATA: {}}), None]),
    ("agent task", SPAN, [answer({"datadog/2/AGENT_TASK/t/config": {"task_type": "x"}, "datadog/2/AGENT_CONFIG/c/config": {}}), None]),
    ("a callback", REGISTER, [answer({DATA: {"a": 1}}), answer({DATA: {"a": 2}}, 2), answer({}, 3), None]),
    ("a callback gets no JSON", REGISTER, [answer({DATA: b"{"}), None]),
    ("a callback gets a list", REGISTER, [answer({DATA: b"[1]"}), None]),
    ("a callback raises", REGISTER, [answer({DATA: {"raise": 1}}), None, None]),
]
ENVIRONMENTS = {"security": {"DD_APPSEC_ENABLED": "true"}, "off": {"DD_REMOTE_CONFIGURATION_ENABLED": "false"},
                "named": {"DD_ENV": "e", "DD_VERSION": "1", "DD_TAGS": "a:b"}}


def run(python: list[str], program: str, answers: list[bytes | None], settings: dict[str, str]):
    """(the requests that were answered and the one after the last answer, what was printed)"""
    polls: list[agent.Request] = []

    def say(request: agent.Request):
        if request.path != "/v0.7/config":
            return 200, {}, json.dumps(agent.INFO).encode() if request.path == "/info" else b"{}"
        if program == REGISTER and "ASM_DATA" not in request.json()["client"]["products"]:
            return 200, {}, b"{}"  # the program has not registered yet
        polls.append(request)
        said = answers[len(polls) - 1] if len(polls) <= len(answers) else None
        return 200, {}, said if said is not None else b"{}"

    env = sides.clean({})
    with agent.Agent() as fake:
        fake.answer = say
        env |= {"DD_TRACE_AGENT_URL": fake.url, "DD_SERVICE": "shop", "DD_REMOTE_CONFIG_POLL_INTERVAL_SECONDS": "0.2",
                "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false", **settings}
        wait = f"import time; time.sleep({0.2 * (len(answers) + 1) + 2})"
        done = subprocess.run([*python, "-c", program + "\n" + wait], env=env, capture_output=True, text=True, timeout=60)
    return polls[: len(answers) + 1], done.stdout, done.stderr


def normal(polls: list[agent.Request]) -> list[str]:
    out: list[str] = []
    for number, poll in enumerate(polls):
        body = poll.json()
        client = body["client"]
        state = client["state"]
        tracer = client["client_tracer"]
        said = bool(state.pop("error", "")), state.pop("has_error")
        for one in state["config_states"]:
            one["apply_error"] = bool(one["apply_error"])
        state["config_states"].sort(key=lambda one: one["id"])
        body["cached_target_files"].sort(key=lambda one: one["path"])
        capabilities = int.from_bytes(bytes(client["capabilities"]), "big")
        tracer = {k: v for k, v in tracer.items() if k not in ("runtime_id", "tags", "process_tags")} | {
            "tags": sorted(t for t in tracer["tags"] if not t.startswith("host_name"))}
        if number == 0:
            headers = {k: v for k, v in poll.headers.items() if k not in ("host", "content-length", "connection", "accept", "accept-encoding")
                       and not k.startswith("datadog-")}
            out.append(f"headers {sorted(headers.items())}")
            out.append(f"keys {sorted(body)} {sorted(client)} {sorted(tracer)}")
            out.append(f"tracer {sorted(tracer.items())}")
        out.append(f"{number} products {sorted(set(client['products']) - THEIR_PRODUCTS)}")
        out.append(f"{number} capabilities {[bit for bit in range(64) if capabilities >> bit & 1 and bit not in THEIR_BITS]}")
        out.append(f"{number} error {said} state {json.dumps(state, sort_keys=True)}")
        out.append(f"{number} cached {json.dumps(body['cached_target_files'], sort_keys=True)}")
    return out


def main() -> int:
    both, arguments = sides.parse(__doc__, "--show")
    failed = 0
    cases = [(name, program, answers, {}) for name, program, answers in CASES] + [
        (name, SPAN, [None], settings) for name, settings in ENVIRONMENTS.items()]
    for name, program, answers, settings in cases:
        if arguments.only not in name:
            continue
        seen = []
        for python in (both.reference, both.ours):
            polls, printed, errors = run(python, program, answers, settings)
            seen.append(normal(polls) + [f"printed {line}" for line in printed.splitlines()])
            if arguments.show:
                print("\n".join(seen[-1]), errors[-1500:], sep="\n")
        left, right = seen
        lines = [f"  only the reference: {line}" for line in left if line not in right]
        lines += [f"  only ddpython: {line}" for line in right if line not in left]
        known = name in REFUSED | TOLD
        print(f"{name}: {len(left)} facts, {len(lines)} different{' (as intended)' if known else ''}")
        print("\n".join(lines), end="\n" if lines else "")
        failed += 0 if known else len(lines)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
