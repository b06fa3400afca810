"""Payloads of the encoders as an independent decoder reads them: payload_test.py SAMPLE_PROGRAM."""

import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "fakes"))
import agent  # noqa: E402

SAMPLE = sys.argv.pop(1)


def payload(version):
    return subprocess.run([SAMPLE, version], stdout=subprocess.PIPE, check=True).stdout


class Payload(unittest.TestCase):
    def check(self, chunks, clamped):
        self.assertEqual(len(chunks), 2)
        root, child = chunks[0]
        self.assertEqual(
            {k: root[k] for k in ("service", "name", "resource", "type", "trace_id", "span_id", "parent_id",
                                  "start", "duration", "error")},
            {"service": "shop", "name": "web.request", "resource": "web.request", "type": "web",
             "trace_id": 7, "span_id": 1, "parent_id": 0, "start": 1_700_000_000_000_000_000,
             "duration": 1_500_000, "error": 0})
        self.assertEqual(root["meta"], {
            "http.method": "GET", "runtime-id": "0123456789abcdef0123456789abcdef", "env": "test"})
        self.assertEqual(root["metrics"], {
            "retries": -3.0, "ratio": 0.25, "_dd.top_level": 1.0, "_dd.measured": 1.0, "process_id": 42.0,
            "_dd.tracer_kr": 1.0})
        self.assertEqual(child["service"], "")
        self.assertEqual((child["parent_id"], child["error"], child["duration"], child["type"]),
                         (1, 1, 0 if clamped else -5, ""))
        self.assertEqual(child["metrics"], {})
        self.assertEqual(child["meta"], {
            "accents": "héllo 🐍", "broken": "a\ufffd\ufffd\ufffd\ufffdz", "empty": "",
            "long": "x" * 2486 + "<truncated>...", "fits": "y" * 25_000})
        many, *leaves = chunks[1]
        self.assertEqual(len(leaves), 20)
        self.assertTrue(all(span["meta"]["_dd.origin"] == "synthetics" for span in chunks[1]))
        self.assertEqual({k: v for k, v in many["meta"].items() if k[0] == "k"},
                         {f"k{i}": str(i % 3000) for i in range(70_000)})
        self.assertEqual(many["metrics"]["m19"], 19.0)

    def test_v04(self):
        self.check(agent.decode_v04(payload("v04")), clamped=False)

    def test_v05(self):
        self.check(agent.decode_v05(payload("v05")), clamped=True)


if __name__ == "__main__":
    unittest.main()
