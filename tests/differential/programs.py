"""Programs made at random, run by the reference and by ddpython: what they see and what they send.

    programs.py DDPYTHON [--reference PYTHON] [--count N] [--seed N] [--settings N] [--otel]

Every line they print and every chunk that arrives must be equal, but for ids and times. What differs
on purpose is not made: text that UTF-8 cannot say (the reference fails), an infinite port (the
reference raises out of set_tag), what a sent span tells (of its trace: what is true by then), pools whose
spans leave before their trace (the reference copies the context for them), spans of the parent process
under which a forked child begins one (only its very first is put right there), tracing that is
switched off and on (a span begun while it is off ends the chunk of others there, and a trace of which one ended
then is never sent; here those that ended while it was on are). Prints each difference with the program that made it; exits with 1 when there is one.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
from typing import Any

HERE = pathlib.Path(__file__).resolve().parent
HOME = pathlib.Path(os.environ.get("DD_TEST_HOME", pathlib.Path.home() / ".cache/ddpython"))
sys.path.insert(0, str(HERE.parent / "fakes"))
import agent  # noqa: E402

STRICT = agent._Reader.mapping
CHANGING = {"_dd.profiling.local_root_span_id", "runtime-id", "_dd.p.tid", "process_id", "_dd.tracer_kr", "thread.id", "_dd.hostname", "_dd.p.usr.id"}
VALUES, KEYS = 58, 40  # of programs_program.py


class Maker:
    def __init__(self, seed: int) -> None:
        self.r = random.Random(seed)

    def one(self, *choices: Any) -> Any:
        return self.r.choice(choices)

    def settings(self) -> dict[str, str]:
        out: dict[str, str] = {"DD_TRACE_RATE_LIMIT": "-1"}
        maybe = {
            "DD_SERVICE": ("s1", "Main", "opt.x"), "DD_ENV": ("prod",), "DD_VERSION": ("1.2",),
            "DD_TAGS": ("team:x,git.commit.sha:abc", "a:b c:d", "env:e,version:v,service:tagged"),
            "DD_TRACE_API_VERSION": ("v0.4", "v0.5", "v0.4"),
            "DD_TRACE_PARTIAL_FLUSH_MIN_SPANS": ("1", "2", "3", "7"),
            "DD_TRACE_PARTIAL_FLUSH_ENABLED": ("false", "true"),
            "DD_SERVICE_MAPPING": ("s2:mapped,s1:other",),
            "DD_TRACE_SPAN_ATTRIBUTE_SCHEMA": ("v1", "v0"),
            "DD_TRACE_PEER_SERVICE_DEFAULTS_ENABLED": ("true",),
            "DD_TRACE_PEER_SERVICE_MAPPING": ("h:mapped.peer",),
            "DD_TRACE_128_BIT_TRACEID_GENERATION_ENABLED": ("false",),
            "DD_TRACE_STATS_COMPUTATION_ENABLED": ("true", "false"),
            "DD_TRACE_SPAN_TRACEBACK_MAX_SIZE": ("1", "5"),
            "DD_TRACE_WRAP_SPAN_NAME_INCLUDE_CLASS": ("true",),
            "DD_TRACE_NATIVE_SPAN_EVENTS": ("true",),
            "DD_TRACE_BAGGAGE_TAG_KEYS": ("*", "k"),
            "DD_TRACE_PROPAGATION_BEHAVIOR_EXTRACT": ("restart", "continue"),
        }
        for name, values in maybe.items():
            if self.r.random() < 0.25:
                out[name] = self.one(*values)
        if self.r.random() < 0.5:
            out["DD_TRACE_SAMPLING_RULES"] = json.dumps([self.rule() for _ in range(self.r.randint(1, 4))])
        if self.r.random() < 0.4:
            out["DD_SPAN_SAMPLING_RULES"] = json.dumps([self.span_rule() for _ in range(self.r.randint(1, 3))])
        return out

    def rule(self) -> dict[str, Any]:
        rule: dict[str, Any] = {"sample_rate": self.one(0, 1, 0, 1, 2, -1)}
        for name, values in (("service", ("s1", "s*", "?2", "None", "*", "")), ("name", ("op1", "op*", "OP?", "x")),
                             ("resource", ("GET *", "*", "op2")),
                             ("tags", ({"a": "*"}, {"a": "5"}, {"a": "t?xt", "b": "*"}, {"http.status_code": "2*"}, {"a": "?.?"}))):
            if self.r.random() < 0.4:
                rule[name] = self.one(*values)
        if self.r.random() < 0.2:
            rule["provenance"] = self.one("customer", "dynamic", "default")
        return rule

    def span_rule(self) -> dict[str, Any]:
        rule: dict[str, Any] = {"name": self.one("op*", "op2", "many", "*")}
        if self.r.random() < 0.5:
            rule["service"] = self.one("s*", "s2", "*")
        if self.r.random() < 0.5:
            rule["sample_rate"] = self.one(0, 1)
        if self.r.random() < 0.3:
            rule["max_per_second"] = self.one(10000, 5000.5)  # never reached: that is a matter of time
        return rule

    def fields(self) -> dict[str, Any]:
        out = {}
        for name, values in (("service", ("s1", "s2", "S1", "", None)), ("resource", ("GET /", "", "r" * 300, None)),
                             ("span_type", ("web", "sql", "", None)), ("span_api", ("datadog", "otel"))):
            if self.r.random() < 0.3:
                out[name] = self.one(*values)
        return out

    def headers(self) -> dict[str, str]:
        trace = self.r.getrandbits(64) | 1  # two contexts of one trace are two chunks here: DECISIONS.md 7
        out: dict[str, str] = {}
        if self.r.random() < 0.6:
            out |= {"x-datadog-trace-id": str(trace), "x-datadog-parent-id": self.one("5", "0", "18446744073709551615")}
            if self.r.random() < 0.6:
                out["x-datadog-sampling-priority"] = self.one("-1", "0", "1", "2")
            if self.r.random() < 0.4:
                out["x-datadog-tags"] = self.one("_dd.p.dm=-4,_dd.p.a=b", "_dd.p.tid=640cfd8d00000000", "_dd.p.ts=02", "x")
        if self.r.random() < 0.5:
            out["traceparent"] = f"00-{trace:032x}-{self.one(5, 9):016x}-0{self.one(0, 1)}"
            if self.r.random() < 0.5:
                out["tracestate"] = self.one("dd=s:2;o:rum;t.dm:-4", "dd=p:00000000000000aa;s:1", "foo=1", "foo=1,dd=s:-1", "ot=th:8")
        if self.r.random() < 0.3:
            out["b3"] = f"{trace:016x}-{7:016x}-{self.one('0', '1', 'd')}"
        if self.r.random() < 0.3:
            out["baggage"] = self.one("k=v", "user.id=7,k=%C3%A9", "bad")
        if out.get("x-datadog-parent-id") == "0":  # together they make the reference fail
            out.pop("traceparent", None)
        return out

    def step(self) -> list[Any]:
        r = self.r
        at, key, value = r.randrange(50), r.randrange(KEYS), r.randrange(VALUES)
        verb = r.choices(
            ["open", "finish", "tag", "attribute", "metric", "field", "tags", "remove", "read", "struct", "link", "set_link",
             "pointer", "event", "record", "error", "traceback", "ignore", "manual", "priority", "origin", "user", "baggage", "sample",
             "inject", "correlation", "current", "objects", "own", "wrapped", "thread", "tasks", "many", "flush", "leave",
             "activate", "headers", "finish_late", "meta", "global_tags", "futures", "forked", "held", "taken"],
            [30, 16, 20, 6, 6, 5, 3, 2, 2, 2, 2, 2, 1, 2, 1, 2, 1, 1, 2, 2, 1, 1, 2, 1, 2, 1, 3, 1, 1, 3, 1, 1, 1, 1, 3, 2, 3, 2, 1, 0.3, 0.5, 0.5, 1, 1])[0]
        arguments: list[Any] = {
            "open": lambda: [self.one("trace", "trace", "trace", "root", "child", "context", "local", "ids", "current", "baggage", "copy"),
                             at, self.fields()],
            "tag": lambda: [at, key, value], "attribute": lambda: [at, key, value], "metric": lambda: [at, key, value],
            "field": lambda: [at, self.one("name", "service", "resource", "span_type", "error"), self.one(0, 1, 2, 3, 9, 10, 12, 20, 24)],
            "tags": lambda: [at, [[r.randrange(KEYS), r.randrange(VALUES)] for _ in range(3)]],
            "remove": lambda: [at, key], "struct": lambda: [at, r.randrange(6)], "link": lambda: [at, r.randrange(50), r.randrange(6)],
            "set_link": lambda: [at, self.one(1, 2**100), self.one(2, 3), self.one(None, "dd=s:1", ""), self.one(None, 0, 1), r.randrange(6)],
            "event": lambda: [at, self.one("e", "é"), r.randrange(4), self.one(1, 10**18)], "record": lambda: [at, r.randrange(4)],
            "manual": lambda: [at, self.one("keep", "drop")], "priority": lambda: [at, self.one(-1, 0, 1, 2, None)],
            "origin": lambda: [at, self.one("rum", "synthetics")], "baggage": lambda: [at, self.one("k", "user.id"), self.one("v", "é")],
            "wrapped": lambda: [self.one("plain", "unnamed", "generator", "coroutine", "stream"), self.one(True, False)],
            "many": lambda: [self.one(3, 10, 310)], "global_tags": lambda: [[[self.one("env", "version", "team", "service", "g"), self.one("1", "x")]]],
            "flush": list, "correlation": list, "current": list, "own": list, "tasks": list, "held": list, "taken": list,
            "leave": lambda: [at, self.one("none", "value", "exit0", "exit", "base", "empty")],
            "activate": lambda: [at, self.one("span", "none", "context")], "headers": lambda: [self.headers(), self.one(True, False)],
            "meta": lambda: [at, r.randrange(30), self.one("1", "é")],
        }.get(verb, lambda: [at])()
        return [verb, *arguments]

    def program(self) -> list[list[Any]]:
        steps = [self.step() for _ in range(self.r.randint(5, 60))]
        if self.r.random() < 0.15:
            steps.insert(self.r.randrange(len(steps)), ["filters", self.r.sample(["drops", "changes", "fails", "some"], self.r.randint(0, 3))])
        return steps


def normal(chunks: list[list[dict[str, Any]]]) -> list[list[dict[str, Any]]]:
    """Without ids and times: spans are known by where they are."""
    names: dict[int, str] = {}
    for i, chunk in enumerate(chunks):
        for j, span in enumerate(chunk):
            names[span["span_id"]] = f"span {i} {j}"
    traces = {}
    out = []
    for chunk in chunks:
        mine = []
        for span in chunk:
            kept = {key: span[key] for key in ("name", "service", "resource", "type", "error")}
            kept["trace"] = traces.setdefault(span["trace_id"], len(traces))
            parent = span["parent_id"]
            kept["parent"] = names.get(parent, parent if parent < 100 or parent == 2**64 - 1 else "gone")
            kept |= {f"meta {k}": text(k, v) for k, v in span["meta"].items() if k not in CHANGING}
            kept |= {f"metrics {k}": v for k, v in span["metrics"].items() if k not in CHANGING}
            for part in ("meta_struct", "span_links", "span_events"):
                if span.get(part):
                    kept[part] = masked(json.dumps(span[part], default=repr, sort_keys=True))
            mine.append(kept)
        out.append(mine)
    return out


class _Tolerant(agent._Reader):
    """The reference writes _dd.origin twice into spans that have it as a tag, too: the last counts."""

    def mapping(self, size: int, depth: int) -> dict[Any, Any]:
        return {self.value(depth): self.value(depth) for _ in range(size)}


def masked(text: str) -> str:
    text = re.sub(r'  File [^\n]*(ddtrace|asyncio|frozen)[^\n]*\n(    [^\n]*\n)*', "", text.replace("\\n", "\n"))
    text = re.sub(r'"(trace_id|span_id|trace_id_high|time_unix_nano)": ?("?)[0-9a-f]{6,}\2', r'"\1": 0', text)
    text = re.sub(r'File \\?"[^"]*", line \d+', "File", text)
    text = re.sub(r"(t.tid:|rv:)[0-9a-f]+", r"\1", text)
    return re.sub(r"0x[0-9a-f]{6,}", "0x", text)


def text(key: str, value: str) -> str:
    if key in ("_dd.span_links", "events"):
        try:
            value = json.dumps(json.loads(value), sort_keys=True)
        except ValueError:
            pass
    return masked(value)


def run(python: str, programs: list[Any], settings: dict[str, str], otel: bool) -> tuple[list[Any], list[str]]:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("DD_", "OTEL_"))}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file, agent.Agent() as fake:
        json.dump(programs, file)
        file.flush()
        if "ref-" in python:
            agent._Reader.mapping = _Tolerant.mapping
        else:
            agent._Reader.mapping = STRICT
        fake.info = agent.INFO | {"span_events": True}
        env |= {"DD_TRACE_AGENT_URL": fake.url, "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false", "PYTHONHASHSEED": "0",
                "DD_CODE_ORIGIN_FOR_SPANS_ENABLED": "false",  # it begins with ddtrace.auto there
                "DD_REMOTE_CONFIGURATION_ENABLED": "false", "DD_TRACE_WRITER_INTERVAL_SECONDS": "1000"} | settings
        if otel and "ref-" not in python:
            env["PYTHONPATH"] = str(next(HOME.glob("otel-3.*/lib/python3.*/site-packages")))
        name = "otel_program.py" if otel else "programs_program.py"
        done = subprocess.run([python, str(HERE / name), file.name], env=env, capture_output=True, text=True)
        if done.returncode:
            print(done.stderr[-3000:])
        if fake.problems:
            print(python, "problems", fake.problems[:3])
            fake.problems.clear()
        return normal(fake.traces()), done.stdout.splitlines()


def differences(left: Any, right: Any, path: str = "") -> list[str]:
    if isinstance(left, dict) and isinstance(right, dict):
        return [line for key in sorted(left.keys() | right.keys())
                for line in differences(left.get(key), right.get(key), f"{path} {key}")]
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        return [line for at, (one, other) in enumerate(zip(left, right))
                for line in differences(one, other, f"{path}[{at}]")]
    return [] if left == right else [f"  {path}: reference {left!r}"[:700], f"  {' ' * len(path)}  here      {right!r}"[:700]]


def compare(arguments: argparse.Namespace, programs: list[Any], settings: dict[str, str]) -> list[str]:
    (theirs, their_lines), (ours, our_lines) = (run(python, programs, settings, arguments.otel)
                                                for python in (arguments.reference, arguments.ddpython))
    lines = [] if len(their_lines) == len(our_lines) == len(programs) else ["  a program ended early"]
    for at, (left, right) in enumerate(zip(their_lines, our_lines)):
        lines += differences(json.loads(left), json.loads(right), f"program {at}")
    names = [[[span["name"] for span in chunk] for chunk in some] for some in (theirs, ours)]
    return lines + (differences(*names, "sent") or differences(theirs, ours, "sent"))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("ddpython")
    parser.add_argument("--reference", default=str(HOME / "ref-3.11/bin/python"))
    parser.add_argument("--count", type=int, default=20, help="programs for each settings")
    parser.add_argument("--settings", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--otel", action="store_true", help="programs of the OpenTelemetry API")
    parser.add_argument("--most", type=int, default=12)
    arguments = parser.parse_args()
    if not os.path.exists(arguments.reference):
        print("no reference: tests/env/setup makes it")
        return 77
    arguments.ddpython = os.path.abspath(arguments.ddpython)
    failed = 0
    for at in range(arguments.settings):
        maker = Maker(arguments.seed * 1000 + at)
        settings = maker.settings()
        if arguments.otel:
            programs = [arguments.seed * 10_000 + at * arguments.count + i for i in range(arguments.count)]
        else:
            programs = [maker.program() for _ in range(arguments.count)]
        lines = compare(arguments, programs, settings)
        print(f"{at} {settings}: {len(programs)} programs, {len(lines)} different", flush=True)
        if lines:  # the smallest part that differs tells more
            alone = []
            for number, program in enumerate(programs):
                alone = compare(arguments, [program], settings)
                if alone:
                    small = program if arguments.otel else shrunk(arguments, program, settings)
                    print(f"  program {number}: {json.dumps(small)}")
                    print("\n".join((compare(arguments, [small], settings) or alone)[: arguments.most]))
                    break
            if not alone:
                print("\n".join(lines[: arguments.most]))
        failed += bool(lines)
    return 1 if failed else 0


def shrunk(arguments: argparse.Namespace, program: list[Any], settings: dict[str, str]) -> list[Any]:
    """The program without the steps that are not needed for a difference."""
    size = len(program) // 2
    while size:
        at = 0
        while at < len(program):
            less = program[:at] + program[at + size:]
            if compare(arguments, [less], settings):
                program = less
            else:
                at += size
        size //= 2
    return program


if __name__ == "__main__":
    sys.exit(main())
