"""What goes over the wire, by the reference and by ddpython: requests, headers, chunks, statistics.

    wire.py DDPYTHON [--reference PYTHON] [only ...]

Each case runs one program under both, against an agent of the case's temper. Times, ids and what
depends on when a thread wakes is taken out; the rest must be equal. What differs on purpose is in
KNOWN. Prints each difference; exits with 1 when there is one.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from typing import Any, Callable

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "fakes"))
import agent  # noqa: E402

Answers = Callable[[], "agent.Answer"]

INFO = agent.INFO | {
    "client_drop_p0s": True, "obfuscation_version": 1,
    "peer_tags": ["db.instance", "out.host", "peer.hostname", "_dd.base_service"],
    "span_kinds_stats_computed": ["client", "server", "producer", "consumer"],
}
STATS = {"DD_TRACE_STATS_COMPUTATION_ENABLED": "true"}
V04 = {"DD_TRACE_API_VERSION": "v0.4"}
TELEMETRY = {"DD_INSTRUMENTATION_TELEMETRY_ENABLED": "true"}
TOKEN = {"_DD_TRACE_WRITER_ADDITIONAL_HEADERS": "X-Datadog-Test-Session-Token:abc"}
# Headers and fields, or whole cases.
KNOWN = {
    "an old agent": "here /info says that it does not know v0.5; the reference would lose its first payload",
    "x-datadog-test-session-token": "here /info has it too: the test agent keeps sessions apart by it",
    "v0.5 unknown": "here v0.4 follows the first 404, the reference tries six times and stays with v0.5",
    "v0.5 refused": "the same",
    "a limit of ": "the first trace, which is left out here, may be counted and then takes one of the places",
    "filter: a value to require": "the reference sends an empty payload when all of it is filtered",
    "filter: keys to require": "the same",
    "filter: an expression to require": "the same",
}


def statuses(*first: int, **headers: str) -> Answers:
    """An agent that answers these to its first trace requests, and 200 then."""
    def make() -> agent.Answer:
        coming = itertools.chain(first, itertools.repeat(200))

        def answer(request: agent.Request) -> tuple[int, dict[str, str], bytes]:
            if request.path.endswith("/info"):
                return 200, {}, json.dumps(INFO).encode()
            if request.path.endswith("/traces"):
                rates = b'{"rate_by_service":{"service:shop,env:":0.0}}'
                return next(coming), {k.replace("_", "-"): v for k, v in headers.items()}, rates
            return 200, {}, b"{}"
        return answer
    return make


RATES = {"service:shop,env:e": 0.0, "service:shop,env:": 1.0, "service:pg,env:e": 1.0, "service:,env:": 0.0}


def rated(body: bytes) -> Answers:
    """An agent with these rates, or whatever it says in their place."""
    return lambda: lambda request: (200, {}, json.dumps(INFO).encode() if request.path.endswith("/info") else body)


def slow(*seconds: float) -> Answers:
    """An agent that answers its first trace requests so late."""
    def make() -> agent.Answer:
        coming = itertools.chain(seconds, itertools.repeat(0.0))

        def answer(request: agent.Request) -> tuple[int, dict[str, str], bytes]:
            if request.path.endswith("/traces"):
                time.sleep(next(coming))
            return 200, {}, json.dumps(INFO).encode() if request.path.endswith("/info") else b"{}"
        return answer
    return make


@dataclass
class Case:
    name: str
    settings: dict[str, str] = field(default_factory=dict)
    info: dict[str, Any] = field(default_factory=lambda: INFO)
    answers: Answers | None = None
    unix: bool = False
    prefix: str = ""
    by_host: tuple[str, ...] = ()  # names of settings that get host and port in place of the URL


FILTERS: dict[str, dict[str, Any]] = {
    "a resource to ignore": {"ignore_resources": ["GET /health", "^r$"]},
    "an expression that is none": {"ignore_resources": ["GET (", "/x"]},
    "a value to reject": {"filter_tags": {"reject": ["env2:prod"]}},
    "a key to reject": {"filter_tags": {"reject": ["env2"]}},
    "a number is no tag": {"filter_tags": {"reject": ["n:5", "f:1.5"]}},
    "a value to require": {"filter_tags": {"require": ["env2:prod"]}},
    "keys to require": {"filter_tags": {"require": ["env2", "team"]}},
    "an expression to reject": {"filter_tags_regex": {"reject": ["team:x"]}},
    "an expression to require": {"filter_tags_regex": {"require": ["env2:pr.*"]}},
    "keys are no expressions": {"filter_tags_regex": {"reject": ["te.m:x"]}},
    "blanks around": {"filter_tags": {"reject": [" env2 : prod "]}},
}
CASES = [
    Case("default"), Case("v0.4", V04), Case("a prefix", prefix="/base"), Case("a Unix socket", unix=True),
    Case("telemetry", TELEMETRY), Case("a test session", TOKEN),
    Case("an environment outside", {"DD_EXTERNAL_ENV": "it-false,cn-x"}),
    Case("service, env, version", {"DD_SERVICE": "shop", "DD_ENV": "e", "DD_VERSION": "1"} | STATS),
    Case("500 at first", answers=statuses(500, 500)), Case("429 at first", answers=statuses(429)),
    Case("v0.5 unknown", answers=statuses(*[404] * 6)), Case("v0.5 refused", answers=statuses(*[415] * 6)),
    Case("v0.4 unknown", V04, answers=statuses(*[404] * 6)), Case("moved", answers=statuses(302, Location="/x")),
    Case("always 500", answers=statuses(*[500] * 6)),
    Case("another state", answers=statuses(Datadog_Agent_State="abc")),
    Case("opted out", {"DD_APM_TRACING_ENABLED": "false", "DD_APPSEC_SCA_ENABLED": "true"}),
    Case("statistics", STATS), Case("statistics, v0.4", STATS | V04),
    Case("statistics not taken", STATS, INFO | {"client_drop_p0s": False}),
    Case("statistics without a place", STATS, INFO | {"endpoints": ["/v0.4/traces", "/v0.5/traces"]}),
    Case("resources as they are", STATS, INFO | {"obfuscation_version": 0}),
    Case("another obfuscation", STATS, INFO | {"obfuscation_version": 2}),
    Case("long resources", STATS, INFO | {"feature_flags": ["big_resource"]}),
    *(Case(f"a limit of {name.lower()}", STATS | {f"DD_TRACE_STATS_{name}CARDINALITY_LIMIT": "3",
                                                  "DD_TRACE_STATS_ADDITIONAL_TAGS": "team,x"})
      for name in ("RESOURCE_", "HTTP_ENDPOINT_", "PEER_TAGS_", "ADDITIONAL_TAGS_", "")),
    Case("additional tags", STATS | {"DD_TRACE_STATS_ADDITIONAL_TAGS": "team,x,http.method,missing"}),
    Case("rejected by a rule", STATS | {"DD_TRACE_SAMPLING_RULES": '[{"sample_rate":0}]'}),
    Case("single spans kept", STATS | {"DD_TRACE_SAMPLING_RULES": '[{"sample_rate":0}]',
                                       "DD_SPAN_SAMPLING_RULES": '[{"name":"sql"}]'}),
    *(Case(f"{code} at first", answers=statuses(code, code)) for code in (400, 403, 408, 413, 503)),
    Case("a late answer", answers=slow(0, 3.6)),  # the payload is sent again: 2 s here, 3 s there
    Case("a payload version of rates", answers=statuses(200, Datadog_Rates_Payload_Version="abc")),
    Case("rates", {"DD_ENV": "e"}, answers=rated(json.dumps({"rate_by_service": RATES}).encode())),
    *(Case(f"rates: {name}", {"DD_ENV": "e"}, answers=rated(body)) for name, body in {
        "text": b"OK\n", "nothing": b"", "no table": b'{"rate_by_service": 5}', "empty": b'{"rate_by_service": {}}',
        "above one": b'{"rate_by_service": {"service:,env:": 2.0}}', "a text": b'{"rate_by_service": {"service:,env:": "0"}}',
        "no JSON": b'{"rate_by_service": {"service:,env:": 0',
    }.items()),
    Case("partial flush", {"DD_TRACE_PARTIAL_FLUSH_MIN_SPANS": "5"}),
    Case("no partial flush", {"DD_TRACE_PARTIAL_FLUSH_ENABLED": "false"}),
    Case("partial flush, statistics", {"DD_TRACE_PARTIAL_FLUSH_MIN_SPANS": "5"} | STATS),
    Case("small chunks", {"DD_TRACE_WRITER_MAX_PAYLOAD_SIZE_BYTES": "6000"}),
    Case("small chunks, v0.4", {"DD_TRACE_WRITER_MAX_PAYLOAD_SIZE_BYTES": "6000"} | V04),
    Case("a small buffer", {"DD_TRACE_WRITER_BUFFER_SIZE_BYTES": "9000"}),
    *(Case(f"version {version!r}", {"DD_TRACE_API_VERSION": version})
      for version in ("v0.3", "v1.0", "V0.4", "0.4", "", " v0.4", "v0.5")),
    Case("native events", {"DD_TRACE_NATIVE_SPAN_EVENTS": "true"}),
    Case("native events, v0.5", {"DD_TRACE_NATIVE_SPAN_EVENTS": "true", "DD_TRACE_API_VERSION": "v0.5"}),
    Case("host and port", by_host=("DD_AGENT_HOST", "DD_TRACE_AGENT_PORT")),
    Case("other names of host and port", by_host=("DD_TRACE_AGENT_HOSTNAME", "DD_AGENT_PORT")),
    Case("more headers", {"_DD_TRACE_WRITER_ADDITIONAL_HEADERS": "X-A:b,X-C: d ,bad,X-E:f:g"}),
    Case("host name", {"DD_TRACE_REPORT_HOSTNAME": "true"} | STATS),
    Case("tags and git", {"DD_TAGS": "team:a,x:y", "DD_GIT_COMMIT_SHA": "abc",
                          "DD_GIT_REPOSITORY_URL": "https://example.com/r"} | STATS),
    Case("no process tags", {"DD_EXPERIMENTAL_PROPAGATE_PROCESS_TAGS_ENABLED": "false"} | STATS),
    Case("statistics by their old name", {"DD_TRACE_COMPUTE_STATS": "true"}),
    Case("other kinds", STATS, INFO | {"span_kinds_stats_computed": ["server", "Internal"]}),
    Case("no kinds, no peers", STATS, {k: v for k, v in INFO.items() if k not in ("span_kinds_stats_computed", "peer_tags")}),
    Case("an old agent", STATS, {"version": "7.30.0", "endpoints": ["/v0.4/traces"], "client_drop_p0s": False}),
    Case("a cloud function", {"K_SERVICE": "s", "FUNCTION_TARGET": "t"}),
    *(Case("filter: " + name, STATS, INFO | more) for name, more in FILTERS.items()),
]

LEFT_OUT = {"host", "content-length", "dd-session-id", "connection", "accept", "transfer-encoding"}
CHANGING = {"runtime-id", "_dd.p.tid", "process_id", "_dd.tracer_kr"}


def short(value: Any) -> Any:
    return f"{value[:20]}... {len(value)} long" if isinstance(value, str) and len(value) > 80 else value


def decoded_stats(body: bytes) -> dict[str, Any]:
    """Counts of all buckets by group: whether two runs meet a bucket's border is chance."""
    payload = agent.unpack(body)
    buckets = payload.pop("Stats")
    payload.pop("RuntimeID")
    groups: dict[str, Any] = {}
    for bucket in buckets:
        assert bucket["Duration"] == 10_000_000_000 and bucket["Start"] % bucket["Duration"] == 0
        for group in bucket["Stats"]:
            exact = {name: group.pop(name) for name in ("Duration", "OkSummary", "ErrorSummary")}
            exact = {name: value.hex() if isinstance(value, bytes) else value for name, value in exact.items()}
            counts = {name: group.pop(name) for name in ("Hits", "Errors", "TopLevelHits")}
            if group["Name"] == "fixed":  # its times are its own
                group |= exact
            if group["Name"] == "first":  # before or after the answer to /info
                continue
            key = json.dumps({name: short(value) for name, value in sorted(group.items()) if value})
            known = groups.setdefault(key, dict.fromkeys(counts, 0))
            for name, count in counts.items():
                known[name] += count
    return payload | groups


def described(request: agent.Request) -> tuple[str, Any]:
    headers = {k: v for k, v in sorted(request.headers.items()) if k not in LEFT_OUT}
    content: Any = None
    if request.path.endswith("/traces"):
        content = [[{k: v for k, v in span.items() if k not in ("trace_id", "span_id", "parent_id", "start", "duration")}
                    | {part: {k: v for k, v in span[part].items() if k not in CHANGING} for part in ("meta", "metrics")}
                    for span in chunk] for chunk in request.traces]
        for span in itertools.chain.from_iterable(content):  # the order of their keys is chance
            for name in span["meta"].keys() & {"events", "_dd.span_links"}:
                span["meta"][name] = json.loads(span["meta"][name])
    elif request.path.endswith("/stats"):
        content = decoded_stats(request.body)
    return f"{request.method} {request.path}", {"headers": headers, "content": content}


def run(python: str, case: Case) -> tuple[dict[str, list[Any]], str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("DD_", "_DD_", "OTEL_"))}
    with agent.Agent(unix=case.unix, prefix=case.prefix) as fake:
        fake.info = case.info
        if case.answers:
            fake.answer = case.answers()
        host, _, port = fake.url.rpartition("/")[2].partition(":")
        address = dict(zip(case.by_host, (host, port))) or {"DD_TRACE_AGENT_URL": fake.url}
        env |= address | {"DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
                "DD_REMOTE_CONFIGURATION_ENABLED": "false"} | case.settings
        done = subprocess.run([python, str(HERE / "wire_program.py")], env=env, capture_output=True, text=True)
        if done.returncode:
            print(done.stderr[-1000:])
        out: dict[str, list[Any]] = {}
        for request in fake.requests:
            where, what = described(request)
            if where.endswith("/info"):  # how often is a matter of time
                out[where] = [what]
            elif "telemetry" in where:  # a set: what is told when is compared elsewhere
                kinds = out.setdefault(where, [])
                what["headers"].pop("dd-telemetry-request-type", None)
                if what not in kinds:
                    kinds.append(what)
            else:
                out.setdefault(where, []).append(what)
        for where, some in out.items():  # the first may go before or after the answer to /info
            if where.endswith("/traces"):
                some[0]["content"] = None
                for name in ("client-computed-stats", "client-dropped-p0-spans", "client-dropped-p0-traces"):
                    some[0]["headers"].pop("datadog-" + name, None)
                some[0]["headers"].pop("x-datadog-trace-count")
        return out, done.stderr


def differences(left: Any, right: Any, path: str) -> list[str]:
    if isinstance(left, dict) and isinstance(right, dict):
        return [line for key in sorted(left.keys() | right.keys()) if key not in KNOWN
                for line in differences(left.get(key), right.get(key), f"{path} {key}")]
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        return [line for at, (one, other) in enumerate(zip(left, right))
                for line in differences(one, other, f"{path}[{at}]")]
    return [] if left == right else [f"  {path}: reference {left!r}"[:600], f"  {' ' * len(path)}  here      {right!r}"[:600]]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("ddpython")
    parser.add_argument("--reference", default=os.path.expanduser("~/.cache/ddpython/ref-3.11/bin/python"))
    parser.add_argument("only", nargs="*")
    arguments = parser.parse_args()
    arguments.ddpython = os.path.abspath(arguments.ddpython)
    os.chdir(tempfile.mkdtemp(prefix="dd-wire-"))
    failed = 0
    for case in CASES:
        if arguments.only and not any(word in case.name for word in arguments.only):
            continue
        expected, _ = run(arguments.reference, case)
        seen, _ = run(arguments.ddpython, case)
        lines = differences(expected, seen, "")
        requests = sum(len(some) for some in expected.values())
        if case.name in KNOWN:
            print(f"{case.name}: {len(lines) // 2} different, as known: {KNOWN[case.name]}")
            lines = []
        else:
            print(f"{case.name}: {requests} requests, {len(lines) // 2} different")
        print("\n".join(lines), end="\n" if lines else "")
        failed += len(lines) + (not expected)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
