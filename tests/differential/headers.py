"""Headers made at random, well-formed and not, through the reference and through ddpython.

    headers.py DDPYTHON [--reference PYTHON] [--count N] [--seed N]

Both run headers_program.py under several settings; every line must be equal. What differs on purpose
is in KNOWN. Prints each difference; exits with 1 when there is one. CI runs a few hundred sets.
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

HERE = pathlib.Path(__file__).resolve().parent

SETTINGS = [
    {},
    {"DD_TRACE_PROPAGATION_STYLE": "tracecontext,datadog,b3,b3multi,baggage"},
    {"DD_TRACE_PROPAGATION_STYLE": "b3multi,b3,tracecontext"},
    {"DD_TRACE_PROPAGATION_STYLE": "b3,datadog", "DD_TRACE_X_DATADOG_TAGS_MAX_LENGTH": "60"},
    {"DD_TRACE_PROPAGATION_EXTRACT_FIRST": "true"},
    {"DD_TRACE_PROPAGATION_EXTRACT_FIRST": "true", "DD_TRACE_PROPAGATION_STYLE": "tracecontext,datadog"},
    {"DD_TRACE_PROPAGATION_BEHAVIOR_EXTRACT": "restart"},
    {"DD_TRACE_PROPAGATION_BEHAVIOR_EXTRACT": "ignore"},
    {"DD_TRACE_PROPAGATION_HTTP_BAGGAGE_ENABLED": "true", "DD_TRACE_BAGGAGE_TAG_KEYS": "*"},
    {"DD_TRACE_128_BIT_TRACEID_GENERATION_ENABLED": "false"},
    {"DD_APM_TRACING_ENABLED": "false"},
    {"DD_TRACE_SAMPLING_RULES": '[{"sample_rate": 0.5}]', "DD_TRACE_RATE_LIMIT": "-1"},
    {"DD_TRACE_X_DATADOG_TAGS_MAX_LENGTH": "0", "DD_TRACE_BAGGAGE_TAG_KEYS": "a,user.id"},
]


class Maker:
    def __init__(self, seed: int) -> None:
        self.r = random.Random(seed)
        self.ids = [1, 77, 2**63, 2**64 - 1, self.r.getrandbits(64), self.r.getrandbits(64)]

    def one(self, *choices):
        return self.r.choice(choices)

    def often(self, good, *bad):
        return good if self.r.random() < 0.8 else self.r.choice(bad)

    def id64(self) -> int:
        return self.r.choice(self.ids)

    def high(self) -> str:
        return self.one("6b01bfc500000000", "0000000000000000", "00000000000000ff")

    def text(self) -> str:
        return self.often("".join(self.r.choice("abcXYZ019-_.:/") for _ in range(self.r.randint(1, 12))),
                          "", " ", "a b", "a=b", "a,b", "a;b", "a~b", "\u00e9", "x" * 300, "%41", "a\tb", '"')

    def datadog(self, out) -> None:
        i = self.id64()
        out["x-datadog-trace-id"] = self.often(str(i), "0", "-1", "abc", "", str(2**64), " 5 ", "0x5", "1_0", "5.0", "+5")
        if self.r.random() < 0.9:
            out["x-datadog-parent-id"] = self.often(str(self.id64()), "0", "abc", "", " 6 ")
        if self.r.random() < 0.7:
            out["x-datadog-sampling-priority"] = self.often(self.one("-1", "0", "1", "2"), "3", "x", "", "1.0", " 1 ", "-2")
        if self.r.random() < 0.4:
            out["x-datadog-origin"] = self.one("rum", "synthetics", "\u00e9", "", "a=b;c,d~e", self.text())
        if self.r.random() < 0.6:
            out["x-datadog-tags"] = ",".join(self.tag() for _ in range(self.r.randint(0, 5)))
            if self.r.random() < 0.05:
                out["x-datadog-tags"] = "_dd.p.long=" + "x" * self.r.choice((480, 500, 501, 502, 600))

    def tag(self) -> str:
        return self.one(
            "_dd.p.dm=" + self.often(self.one("-0", "-1", "-4", "-11"), "-256", "-255", "4", "", "-x", "-04", "--1"),
            "_dd.p.tid=" + self.often("6b01bfc500000000", "6B01BFC500000000", "0" * 16, "123", "x" * 16),
            "_dd.p.usr.id=" + self.text(), "_dd.p.ts=02", "other=1", "_dd.p.upstream_services=x",
            "_dd.p." + self.text() + "=" + self.text(), self.text())

    def tracecontext(self, out) -> None:
        trace = self.often(self.high() + format(self.id64(), "016x"), "0" * 32, "1" * 31, "A" * 32, "z" * 32)
        span = self.often(format(self.id64(), "016x"), "0" * 16, "1" * 15, "F" * 16)
        version = self.often("00", "01", "cc", "ff", "0", "0g")
        tail = self.often("", "-x", "-", "x", " ")
        text = f"{version}-{trace}-{span}-{self.often(self.one('00', '01'), '02', '03', 'ff', 'f', 'xy', '001')}{tail}"
        out["traceparent"] = self.often(text, " " + text + " ", text.upper(), text + "\n")
        if self.r.random() < 0.8:
            members = [self.member() for _ in range(self.r.randint(0, 5))]
            if self.r.random() < 0.1:
                members += [f"k{i}=" + "v" * self.r.choice((1, 10, 12)) for i in range(self.r.choice((10, 31, 32, 40)))]
            self.r.shuffle(members)
            out["tracestate"] = self.one(",", ",", ", ", " , ").join(members)

    def member(self) -> str:
        items = [self.one(
            "s:" + self.often(self.one("-1", "0", "1", "2"), "x", "", "1.5", " 1"), "o:" + self.one("rum", "synthetics", "a~b", self.text()),
            "p:" + self.one("0123456789abcdef", "", "zz"), "t.dm:" + self.one("-4", "-0", "x"), "t.usr.id:" + self.text(),
            "t.tid:6b01bfc500000000", "t." + self.text() + ":" + self.text(), self.text(), "")
            for _ in range(self.r.randint(0, 4))]
        return self.one("dd=" + ";".join(items), "dd=" + ";".join(items), "foo=1", "xdd=1", "a@b=" + self.text(), self.text(),
                        "ot=" + ";".join(self.one("rv:3e71bd8e116216", "th:8", "th:0", "x:y", "rv:zz", "th:", self.text())
                                         for _ in range(self.r.randint(0, 3))))

    def b3(self, out) -> None:
        ids = self.often(self.one(format(self.id64(), "016x"), self.high() + format(self.id64(), "016x")),
                         "0", "x", "", "A" * 16, "abc")
        span = self.often(format(self.id64(), "016x"), "0", "x", "")
        if self.r.random() < 0.5:
            out["x-b3-traceid"] = ids
            if self.r.random() < 0.9:
                out["x-b3-spanid"] = span
            if self.r.random() < 0.6:
                out["x-b3-sampled"] = self.often(self.one("0", "1"), "d", "true", "", "2")
            if self.r.random() < 0.3:
                out["x-b3-flags"] = self.one("1", "0", "x")
        else:
            parts = [ids, span, self.often(self.one("0", "1", "d"), "x", ""), format(self.id64(), "016x"), "more"]
            out["b3"] = "-".join(parts[: self.r.randint(1, 5)])
            if self.r.random() < 0.1:
                out["b3"] = self.one("0", "1", "d", "", "-", "x")

    def baggage(self, out) -> None:
        items = [self.often(f"{self.key()}={self.text()}", "novalue", "=x", "k=", "", " k = v ", "k=v;p=1", "k=%zz", "k=%C3%A9")
                 for _ in range(self.r.choice((0, 1, 2, 3, 3, 66)))]
        out["baggage"] = self.one(",", ", ").join(items)

    def key(self) -> str:
        return self.one("a", "b", "user.id", "session.id", "account.id", self.text(), "sp ace", "%20k")

    def headers(self) -> dict[str, str]:
        out: dict[str, str] = {}
        for make, share in ((self.datadog, 0.6), (self.tracecontext, 0.6), (self.b3, 0.3), (self.baggage, 0.4)):
            if self.r.random() < share:
                make(out)
        if self.r.random() < 0.2:
            out["ot-baggage-" + self.one("k", "K2", "")] = self.text()
        if self.r.random() < 0.2:
            form = self.one(str.upper, str.title, lambda k: "HTTP_" + k.upper().replace("-", "_"))
            out = {form(k): v for k, v in out.items()}
        return out


def run(command: list[str], path: str, settings: dict[str, str]) -> list[str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("DD_", "OTEL_"))}
    env |= {"DD_TRACE_AGENT_URL": "http://127.0.0.1:9", "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
            "DD_REMOTE_CONFIGURATION_ENABLED": "false", "PYTHONHASHSEED": "0"} | settings
    done = subprocess.run([*command, str(HERE / "headers_program.py"), path], env=env, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    if done.returncode:
        print(done.stderr[-600:])
    return done.stdout.splitlines()


def differences(left: object, right: object, path: str = "") -> list[str]:
    if isinstance(left, dict) and isinstance(right, dict):
        return [line for key in sorted(left.keys() | right.keys())
                for line in differences(left.get(key), right.get(key), f"{path}.{key}")]
    return [] if left == right else [f"  {path}: reference {left!r}", f"  {' ' * len(path)}   here     {right!r}"]


def same_but_known(left: dict, right: dict) -> bool:
    """Whether lines differ only where ddpython is meant to differ."""
    if not left["found"] or not right["found"]:
        return False
    # The reference raises out of inject() for a p: that is no hexadecimal number.
    for form in ("direct", "child"):
        if left.get(form) == {"raised": "yes"} and right.get(form):
            left, right = {**left, form: None}, {**right, form: None}
    # The reference loses everything when a context without a parent meets another style's: it formats None.
    if not left["found"]["trace"] and not left["found"]["links"] and right["found"]:
        return True
    # The reference puts p: into every "dd=" of the text, so that xdd=1 becomes xdd=p:..;1,
    # and makes no member of its own when that was the only one.
    def repaired(line: dict) -> str:
        text = re.sub(r"xdd=(p:(<span>|[^;,\"]*);?)+", "xdd=", json.dumps(line, sort_keys=True))
        return re.sub(r'"dd=p:[^;,"]*,', '"', text) if "xdd=" in text else text
    left, right = json.loads(repaired(left)), json.loads(repaired(right))
    # There a tracestate of blanks is an empty one, here it is none.
    for line in (left, right):
        if line["found"]["meta"].get("tracestate") == "":
            del line["found"]["meta"]["tracestate"]
    return left == right


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("ddpython")
    parser.add_argument("--reference", default=os.path.join(os.environ.get("DD_TEST_HOME", os.path.expanduser("~/.cache/ddpython")),
                                                                   "ref-3.11/bin/python"))
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--most", type=int, default=20, help="differences printed for each setting")
    arguments = parser.parse_args()
    if not os.path.exists(arguments.reference):
        print("no reference: tests/env/setup makes it")
        return 77
    failed = 0
    for at, settings in enumerate(SETTINGS):
        maker = Maker(arguments.seed * 1000 + at)
        sets = [maker.headers() for _ in range(arguments.count)]
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(sets, file)
            file.flush()
            expected = run([arguments.reference], file.name, settings)
            seen = run([arguments.ddpython], file.name, settings)
        different = 0
        for headers, left, right in zip(sets, expected, seen):
            if left == right or same_but_known(json.loads(left), json.loads(right)):
                continue
            different += 1
            if different <= arguments.most:
                print(f"{headers}\n" + "\n".join(differences(json.loads(left), json.loads(right))))
        different += abs(len(expected) - len(seen)) + (not expected)
        print(f"{settings}: {len(sets)} sets, {different} different")
        failed += different
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
