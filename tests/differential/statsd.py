"""The client of DogStatsD: the same calls, made at random, send the same bytes from the reference and from ddpython.

    statsd.py DDPYTHON [--reference PYTHON] [--count N] [--seed N] [--environment N]

A case is a client with its options, an environment, and calls of every method. Compared: the packets in their order (how
lines are put together too, when a buffer keeps them), what the client tells about itself, attributes, and which calls raise
what. How long something took is left out. Exits with 1 on any difference.
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

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import sides  # noqa: E402

NAMES = ["page.views", "a", "Größe", "with space", "a|b", "a:b", "", "x" * 40, 7, None]
VALUES = [0, 1, -1, 3, 2.5, 1e-7, 1e300, 123456789.123456, -0.0, "7", "", None, {"is": "decimal"}, {"is": "big"},
          {"is": "nan"}, {"is": "inf"}, {"is": "true"}, {"is": "list"}]
TAG_LISTS = [None, [], ["a:b"], ["a:b", "c"], ["with space:x|y", "ü:ö", "#,@"], ["url:http://x/y?z=1"], [1, None], "abc",
             ["a:b", "a:b"], ["x" * 300], ["env:mine"], ["l\nf"], ["日本:語", "e\u0301"], {"a": 1}, [""]]
RATES = [None, 1, 1.0, 0, 2, 1.5]
ENVIRONMENTS: list[dict[str, str]] = [
    {}, {"DD_ENV": "e", "DD_SERVICE": "s h", "DD_VERSION": "1|2"}, {"DATADOG_TAGS": "a:b,,c d"}, {"DD_ENTITY_ID": "ent"},
    {"DD_EXTERNAL_ENV": "it-false,cn-x,pu-1"}, {"DD_DOGSTATSD_DISABLE": "true"}, {"DD_DOGSTATSD_DISABLE": "0"},
    {"DD_ORIGIN_DETECTION_ENABLED": "false", "DD_ENV": "x"}, {"DD_TAGS": "a:b", "DD_HOSTNAME": "h"},
    {"DD_ENTITY_ID": "ent", "DD_ENV": "e", "DATADOG_TAGS": "t"}, {"DD_CARDINALITY": "high", "DD_DOGSTATSD_CARDINALITY": "low"},
]
OPTIONS: list[dict[str, object]] = [
    {}, {"namespace": "ns"}, {"namespace": "ns."}, {"constant_tags": ["c:1", "d e"]}, {"constant_tags": ["c:1"], "namespace": "n"},
    {"use_ms": True}, {"default_sample_rate": 0}, {"default_sample_rate": 2}, {"container_id": "abc"},
    {"container_id": "abc", "origin_detection_enabled": False}, {"origin_detection_enabled": False},
    {"disable_buffering": False, "flush_interval": 30}, {"disable_buffering": False, "flush_interval": 30, "max_buffer_len": 60},
    {"disable_buffering": False, "flush_interval": 30, "namespace": "ns", "constant_tags": ["k:v"]}, {"disable_telemetry": True},
    {"max_buffer_len": 20}, {"socket_timeout": 1}, {"max_buffer_size": 50}, {"disable_background_sender": False},
]
TEXTS = ["title", "two\nlines", "ü", "a|b", "", "m:x", "x" * 9000]


def call(dice: random.Random) -> tuple[str, list[object], dict[str, object]]:
    kind = dice.choice(["metric"] * 12 + ["timed", "event", "event", "check", "check", "buffer", "switch"])
    tags = {} if dice.random() < 0.4 else {"tags": dice.choice(TAG_LISTS)}
    rate = {} if dice.random() < 0.6 else {"sample_rate": dice.choice(RATES)}
    if kind == "metric":
        method = dice.choice(["gauge", "increment", "decrement", "histogram", "distribution", "timing", "set"])
        arguments = [dice.choice(NAMES), dice.choice(VALUES)]
        if method in ("increment", "decrement") and dice.random() < 0.5:
            arguments.pop()
        return method, arguments, tags | rate
    if kind == "timed":
        return dice.choice(["timed", "distributed"]), [dice.choice(NAMES[:6])], tags | rate | (
            {"use_ms": dice.choice([True, False])} if dice.random() < 0.5 else {})
    if tags.get("tags") == ["l\nf"]:  # not cleaned here: a line of its own
        tags = {}
    if kind == "event":
        more = {name: dice.choice(choices) for name, choices in {
            "alert_type": ["error", "", None], "aggregation_key": ["k", "k|"], "source_type_name": ["src"], "priority": ["low"],
            "date_happened": [1700000000, 1700000000.9, 0], "hostname": ["h", ""]}.items() if dice.random() < 0.3}
        return "event", [dice.choice(TEXTS), dice.choice(TEXTS)], tags | more
    if kind == "check":
        more = {name: dice.choice(choices) for name, choices in {
            "timestamp": [1700000000, 1700000000.5, 0], "hostname": ["h", ""], "message": TEXTS}.items() if dice.random() < 0.4}
        return "service_check", [dice.choice(["up", "a b", "ü"]), dice.choice([0, 1, 2, 3, "OK"])], tags | more
    if kind == "buffer":
        return dice.choice([["flush", [], {}], ["wait_for_pending", [], {}], ["close_socket", [], {}]])
    return "=", dice.choice([["namespace", "other"], ["constant_tags", ["z"]], ["use_ms", True], ["default_sample_rate", 1],
                             ["_enabled", False], ["namespace", None]]), {}


def case(dice: random.Random) -> dict[str, object]:
    options = dict(dice.choice(OPTIONS))
    calls = [call(dice) for _ in range(dice.randint(1, 12))]
    elsewhere = False
    if options.get("disable_buffering") is False or "max_buffer_len" in options:
        pass  # the reference drops what waits when a buffer is opened
    elif dice.random() < 0.2:
        begin = dice.randrange(len(calls))
        calls[begin:] = [("open_buffer", [], {}), *calls[begin:], ("close_buffer", [], {})]
    elif dice.random() < 0.2:  # what the client tells about itself
        calls = [one for one in calls if one[1][:1] != ["constant_tags"]][:4]
        calls = [("open_buffer", [], {}), *calls, ("close_buffer", [], {})]
        options |= {"telemetry_min_flush_interval": 0}
        elsewhere = dice.random() < 0.5
    return {"unix": dice.random() < 0.4, "options": options, "elsewhere": elsewhere, "calls": calls}


def run(python: list[str], cases: list[dict[str, object]], environment: dict[str, str]) -> list[dict[str, object]]:
    quiet = {"DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false", "DD_REMOTE_CONFIGURATION_ENABLED": "false"}
    done = subprocess.run([*python, str(HERE / "statsd_program.py")], input=json.dumps(cases), text=True, capture_output=True,
                          env=sides.clean(quiet | environment))
    if done.returncode:
        sys.exit(done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False).replace("x" * 9000, "X9000")


TOOK = re.compile(r"(?<=TIMED:)[0-9.e+-]+")
BYTES = re.compile(r"bytes_sent:\d+")


def normal(seen: dict[str, list[str]]) -> dict[str, list[str]]:
    """Without how long a block took, and how many bytes that made; the reference counts characters."""
    out = seen | {"packets": [TOOK.sub("TIME", one) for one in seen["packets"]]}
    if out["packets"] != seen["packets"] or not all(map(str.isascii, seen["packets"])):
        for key in ("packets", "telemetry"):
            out[key] = [BYTES.sub("bytes_sent:SOME", one) for one in out[key]]
    return out


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ddpython")
    parser.add_argument("--reference", default=os.path.expanduser(sides.REFERENCE))
    parser.add_argument("--count", type=int, default=40, help="cases of each environment")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--environment", type=int, help="only that one")
    arguments = parser.parse_args()
    if not pathlib.Path(arguments.reference).exists():
        return 77
    both = sides.Sides(arguments.ddpython, arguments.reference)
    failed = 0
    for number, environment in enumerate(ENVIRONMENTS):
        if arguments.environment not in (None, number):
            continue
        dice = random.Random(f"{arguments.seed} {number}")
        cases = [case(dice) for _ in range(arguments.count)]
        for one in cases:
            for method, given, _ in one["calls"]:
                if method in ("timed", "distributed"):
                    given[0] = "TIMED"
        left, right = (run(python, cases, environment) for python in (both.reference, both.ours))
        lines = 0
        for one, expected, seen in zip(cases, map(normal, left), map(normal, right)):
            lines += sum(len(packet.splitlines()) for packet in expected["packets"])
            if expected == seen:
                continue
            failed += 1
            print(shown(one))
            for key in expected:
                if expected[key] != seen.get(key):
                    print(f"  {key}\n    reference {shown(expected[key])}\n    ddpython  {shown(seen.get(key))}")
        print(f"{environment}: {len(cases)} cases, {lines} lines")
    print(f"{failed} different")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
