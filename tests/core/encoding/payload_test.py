"""Payloads of the encoders as an independent decoder reads them: payload_test.py SAMPLE_PROGRAM."""

import base64
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "fakes"))
import agent  # noqa: E402
from agent_decoder import agent_decoder  # noqa: E402

SAMPLE = sys.argv.pop(1)


def payload(version):
    return subprocess.run([SAMPLE, version], stdout=subprocess.PIPE, check=True).stdout


# As json.dumps of the reference writes them.
EVENTS = (
    '[{"name": "ev \\ud83d\\udc0d", "time_unix_nano": 1700000000000000000, "attributes": {"s": "a", "b": true, '
    '"i": -1, "d": 1.5, "one": 1.0, "e20": 1e+20, "sm": 1e-07, "arr": [1, 2]}}, '
    '{"name": "bare", "time_unix_nano": 5}]')
LINKS = (
    '[{"trace_id": "00000000000000400000000000000005", "span_id": "000000000000002a", '
    '"attributes": {"a.0": "\\u00e9\\"\\\\\\n\\u0001\\u007f/"}, "tracestate": "dd=s:1", "flags": 1}, '
    '{"trace_id": "00000000000000000000000000000007", "span_id": "000000000000002b"}, '
    '{"trace_id": "00000000000000000000000000000007", "span_id": "000000000000002c", "flags": 0}, '
    '{"trace_id": "00000000000000000000000000000000", "span_id": "0000000000000000", '
    '"attributes": {"link.kind": "span-pointer"}}]')


class Payload(unittest.TestCase):
    def check(self, chunks, clamped):
        self.maxDiff = None
        self.assertEqual(len(chunks), 2)
        root, child = chunks[0]
        self.assertEqual(
            {k: root[k] for k in ("service", "name", "resource", "type", "trace_id", "span_id", "parent_id",
                                  "start", "duration", "error")},
            {"service": "shop", "name": "web.request", "resource": "web.request", "type": "web",
             "trace_id": 7, "span_id": 1, "parent_id": 0, "start": 1_700_000_000_000_000_000,
             "duration": 1_500_000, "error": 0})
        self.assertEqual(root["meta"], {
            "http.method": "GET", "runtime-id": "0123456789abcdef0123456789abcdef", "env": "test",
            "language": "python", "_dd.tags.process": "entrypoint.name:x", "_dd.p.tid": "6b016e6100000000",
            "_dd.git.commit.sha": "abc"})
        self.assertEqual(root["metrics"], {
            "retries": -3.0, "ratio": 0.25, "_dd.top_level": 1.0, "_dd.measured": 1.0, "process_id": 42.0,
            "_dd.tracer_kr": 1.0, "_sampling_priority_v1": 1.0})
        self.assertEqual(child["service"], "")
        self.assertEqual((child["parent_id"], child["error"], child["duration"], child["type"]),
                         (1, 1, 0 if clamped else -5, ""))
        self.assertEqual(child["metrics"], {})
        self.assertEqual({k: v for k, v in child["meta"].items() if k not in ("events", "_dd.span_links")}, {
            "accents": "héllo 🐍", "broken": "a\ufffd\ufffd\ufffd\ufffdz", "empty": "",
            "long": "x" * 2486 + "<truncated>...", "fits": "y" * 25_000})
        self.assertEqual(len(child["meta"]) - 5, {"v04": 1, "v04-native": 0, "v05": 2}[self.version])
        many, *leaves = chunks[1]
        self.assertEqual(len(leaves), 20)
        self.assertTrue(all(span["meta"]["_dd.origin"] == "synthetics" for span in chunks[1]))
        self.assertEqual({k: v for k, v in many["meta"].items() if k[0] == "k"},
                         {f"k{i}": str(i % 3000) for i in range(70_000)})
        alike = [place * "z" + "a" + (size - place - 1) * "z" for size in range(1, 41) for place in range(size)]
        self.assertEqual({k: v for k, v in many["meta"].items() if set(k) <= {"a", "z"}}, {k: k for k in alike})
        self.assertEqual(many["metrics"]["m19"], 19.0)

    def test_v04(self):
        self.version = "v04"
        chunks = agent.decode_v04(payload("v04"))
        self.check(chunks, clamped=False)
        child = chunks[0][1]
        self.assertEqual(child["meta"]["events"], EVENTS)
        self.check_fields(child)
        self.assertEqual(child["span_events"], [])

    def test_v04_with_native_events(self):
        self.version = "v04-native"
        chunks = agent.decode_v04(payload("v04-native"))
        child = chunks[0][1]
        self.assertEqual(child["meta"].pop("events"), "replaced")  # the tag is the user's own here
        self.check(chunks, clamped=False)
        self.check_fields(child)
        number = lambda value: {"type": 3, "double_value": value}  # noqa: E731
        self.assertEqual(child["span_events"], [
            {"time_unix_nano": 1_700_000_000_000_000_000, "name": "ev 🐍", "attributes": {
                "s": {"type": 0, "string_value": "a"}, "b": {"type": 1, "bool_value": True},
                "i": {"type": 2, "int_value": -1}, "d": number(1.5), "one": number(1.0),
                "e20": number(1e20), "sm": number(1e-7),
                "arr": {"type": 4, "array_value": {"values": [
                    {"type": 2, "int_value": 1}, {"type": 2, "int_value": 2}]}}}},
            {"time_unix_nano": 5, "name": "bare"}])

    def check_fields(self, child):
        self.assertEqual(child["meta_struct"], {"appsec": {"k": 7}})
        self.assertEqual(child["span_links"], [
            {"trace_id": 5, "trace_id_high": 64, "span_id": 42, "attributes": {"a.0": 'é"\\\n\x01\x7f/'},
             "tracestate": "dd=s:1", "flags": 2**31 + 1},
            {"trace_id": 7, "trace_id_high": 0, "span_id": 43},
            {"trace_id": 7, "trace_id_high": 0, "span_id": 44, "flags": 2**31},
            {"trace_id": 0, "trace_id_high": 0, "span_id": 0, "attributes": {"link.kind": "span-pointer"}}])

    def test_v05(self):
        self.version = "v05"
        chunks = agent.decode_v05(payload("v05"))
        self.check(chunks, clamped=True)
        child = chunks[0][1]
        self.assertEqual(child["meta"]["events"], EVENTS)
        self.assertEqual(child["meta"]["_dd.span_links"], LINKS)

    def test_the_agents_own_decoder_takes_them(self):
        decoder = agent_decoder()
        if decoder is None:
            self.skipTest("no Go toolchain")
        for version in ("v04", "v04-native", "v05"):
            with self.subTest(version), tempfile.NamedTemporaryFile() as file:
                file.write(payload(version))
                file.flush()
                run = subprocess.run([decoder, version[:3], file.name], stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, text=True)
                self.assertEqual(run.returncode, 0, run.stdout)
                self.assertEqual(len(run.stdout.splitlines()), 23)

    def otlp(self):
        run = subprocess.run([SAMPLE, "otlp-json"], stdout=subprocess.PIPE, check=True)
        return json.loads(run.stdout)

    def test_otlp_json(self):
        [resource] = self.otlp()["resourceSpans"]
        self.assertEqual(attributes(resource["resource"]), {
            "service.name": "shop", "deployment.environment.name": "test", "service.version": "1",
            "telemetry.sdk.name": "datadog", "telemetry.sdk.language": "python", "telemetry.sdk.version": "4.16.0",
            "runtime-id": "0123456789abcdef0123456789abcdef"})
        spans = resource["scopeSpans"][0]["spans"]
        self.assertEqual(len(spans), 23)
        root, child = spans[:2]
        self.assertEqual((root["traceId"], root["spanId"], root["name"], root["kind"], root["flags"]),
                         ("6b016e61000000000000000000000007", "0000000000000001", "web.request", 1, 1))
        self.assertEqual(int(root["endTimeUnixNano"]) - int(root["startTimeUnixNano"]), 1_500_000)
        self.assertEqual(root["status"], {"code": 0})
        told = attributes(root)
        self.assertEqual((told["retries"], told["ratio"], told["_dd.top_level"]), ("-3", 0.25, "1"))
        self.assertNotIn("service.name", told)
        self.assertEqual(child["parentSpanId"], "0000000000000001")
        self.assertEqual(child["status"], {"code": 2})
        self.assertEqual(attributes(child)["appsec"], "gaFrBw==")
        self.assertEqual(attributes(child)["broken"], "a\ufffd\ufffd\ufffd\ufffdz")
        self.assertEqual([link.get("flags") for link in child["links"]], [1, None, None, None])
        self.assertEqual([event["name"] for event in child["events"]], ["ev 🐍", "bare"])

    def test_otlp_protobuf_says_what_json_says(self):
        run = subprocess.run([SAMPLE, "otlp"], stdout=subprocess.PIPE, check=True)
        self.assertEqual(protobuf(run.stdout, REQUEST), self.otlp())


def attributes(holder):
    return {one["key"]: next(iter(one["value"].values())) for one in holder["attributes"]}


# opentelemetry/proto/trace/v1: field -> (JSON name, kind or message, repeated)
ANY = {1: ("stringValue", "text", False), 2: ("boolValue", "flag", False), 3: ("intValue", "int", False),
       4: ("doubleValue", "double", False), 7: ("bytesValue", "base64", False)}
ANY[5] = ("arrayValue", {1: ("values", ANY, True)}, False)
PAIR = {1: ("key", "text", False), 2: ("value", ANY, False)}
EVENT = {1: ("timeUnixNano", "fixed", False), 2: ("name", "text", False), 3: ("attributes", PAIR, True)}
LINK = {1: ("traceId", "hex", False), 2: ("spanId", "hex", False), 3: ("traceState", "text", False),
        4: ("attributes", PAIR, True), 6: ("flags", "number", False)}
STATUS = {2: ("message", "text", False), 3: ("code", "number", False)}
SPAN = {1: ("traceId", "hex", False), 2: ("spanId", "hex", False), 3: ("traceState", "text", False),
        4: ("parentSpanId", "hex", False), 5: ("name", "text", False), 6: ("kind", "number", False),
        7: ("startTimeUnixNano", "fixed", False), 8: ("endTimeUnixNano", "fixed", False),
        9: ("attributes", PAIR, True), 11: ("events", EVENT, True), 13: ("links", LINK, True),
        15: ("status", STATUS, False), 16: ("flags", "number", False)}
REQUEST = {1: ("resourceSpans", {
    1: ("resource", {1: ("attributes", PAIR, True)}, False),
    2: ("scopeSpans", {1: ("scope", {}, False), 2: ("spans", SPAN, True)}, True)}, True)}


def protobuf(data, message):
    """A message in the shape of its JSON."""
    out = {"code": 0} if message is STATUS else {}
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        tag = varint()
        name, kind, repeated = message[tag >> 3]
        if tag & 7 == 0:
            raw = varint()
        else:
            size = {1: 8, 5: 4}.get(tag & 7) or varint()
            raw = data[at:at + size]
            at += size
        if isinstance(kind, dict):
            value = protobuf(raw, kind)
        elif kind == "int":
            value = str(raw - 2**64 if raw >= 2**63 else raw)
        else:
            value = {"text": lambda: raw.decode(), "flag": lambda: bool(raw), "hex": lambda: raw.hex(),
                     "double": lambda: struct.unpack("<d", raw)[0], "fixed": lambda: str(int.from_bytes(raw, "little")),
                     "number": lambda: raw if isinstance(raw, int) else int.from_bytes(raw, "little"),
                     "base64": lambda: base64.b64encode(raw).decode()}[kind]()
        if repeated:
            out.setdefault(name, []).append(value)
        else:
            out[name] = value
    return out


if __name__ == "__main__":
    unittest.main()
