"""Payloads of the encoders as an independent decoder reads them: payload_test.py SAMPLE_PROGRAM."""

import pathlib
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


if __name__ == "__main__":
    unittest.main()
