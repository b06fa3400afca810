"""Runs the cases of statsd.py (their JSON on standard input) and prints what came of each."""

import decimal
import json
import os
import select
import socket
import sys
import tempfile

from ddtrace.vendor.dogstatsd import DogStatsd

QUIET_S = 0.06  # nothing more comes
VALUES = {"decimal": decimal.Decimal("1.50"), "big": 2**70, "nan": float("nan"), "inf": float("-inf"), "true": True,
          "bytes": b"x", "list": [1]}


def value_of(given):
    return VALUES[given["is"]] if isinstance(given, dict) and "is" in given else given


def listen(unix, folder):
    path = ""
    if unix:
        made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = os.path.join(folder, "s%d" % len(os.listdir(folder)))
        made.bind(path)
    else:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind(("127.0.0.1", 0))
    made.setblocking(False)
    return made, path


def place(made, path, prefix=""):
    if path:
        return {prefix + "socket_path": path}
    return {prefix + "host": "127.0.0.1", prefix + "port": made.getsockname()[1]}


def read(made):
    out = []
    while select.select([made], [], [], QUIET_S)[0]:
        out.append(made.recv(1 << 20).decode("utf-8", "backslashreplace"))
    return out


def perform(client, call):
    name, arguments, named = call
    arguments = [value_of(one) for one in arguments]
    named = {key: value_of(one) for key, one in named.items()}
    if name == "=":
        return setattr(client, *arguments)
    if name in ("timed", "distributed"):
        with getattr(client, name)(*arguments, **named) as timer:
            pass
        return type(timer.elapsed).__name__
    return getattr(client, name)(*arguments, **named)


def run(case, folder):
    server, path = listen(case["unix"], folder)
    options = dict(case["options"]) | place(server, path)
    other = None
    if case["elsewhere"]:
        other, other_path = listen(case["unix"], folder)
        options |= place(other, other_path, "telemetry_")
    out = {"errors": []}
    try:
        client = DogStatsd(**options)
        out["facts"] = [repr(getattr(client, name)) for name in ("constant_tags", "namespace", "default_sample_rate", "use_ms",
                                                                 "socket_timeout", "disable_buffering", "_enabled")]
        for call in case["calls"]:
            try:
                said = perform(client, call)
                out["errors"].append("" if said is None or said is client else repr(said))
            except Exception as error:
                out["errors"].append(type(error).__name__)
        client.flush()
    except Exception as error:
        out["errors"].append("made: " + type(error).__name__)
    out["packets"] = read(server)
    out["telemetry"] = read(other) if other else []
    return out


def main():
    with tempfile.TemporaryDirectory() as folder:
        for case in json.load(sys.stdin):
            print(json.dumps(run(case, folder)), flush=True)


main()
