"""The same program under the reference and under ddpython, for several settings: spans, tags, metrics.

    chunks.py DDPYTHON [--reference PYTHON]

Everything but ids and times must be equal. Prints each difference; exits with 1 when there is one.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "fakes"))
import agent  # noqa: E402

RULES = ('[{"sample_rate":1,"service":"s1","tags":{"x":"3","y":"y*"}},{"sample_rate":0,"name":"single"},'
         '{"sample_rate":0,"service":"s2","provenance":"customer"}]')
SETTINGS: list[dict[str, str]] = [
    {},
    {"DD_TRACE_SAMPLING_RULES": RULES,
     "DD_SPAN_SAMPLING_RULES": '[{"service":"db","name":"child.single","max_per_second":5},{"service":"s2"}]'},
    {"DD_TRACE_SAMPLING_RULES": '[{"sample_rate":0,"service":"s2","discard":true},{"sample_rate":1}]'},
    {"OTEL_TRACES_SAMPLER": "always_off"},
    {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "1.0", "DD_TRACE_RATE_LIMIT": "2"},
    {"DD_SERVICE": "s1", "DD_SERVICE_MAPPING": "s2:mapped", "DD_TAGS": "team:x,git.commit.sha:abc", "DD_ENV": "e",
     "DD_VERSION": "1", "DD_TRACE_REPORT_HOSTNAME": "1"},
    {"DD_TRACE_SPAN_ATTRIBUTE_SCHEMA": "v1", "DD_TRACE_PEER_SERVICE_MAPPING": "10.0.0.1:peer"},
    {"DD_TRACE_PEER_SERVICE_DEFAULTS_ENABLED": "true", "DD_TAGS": "a:b service:tagged version:9"},
    {"DD_APM_TRACING_ENABLED": "false", "DD_APPSEC_SCA_ENABLED": "true"},
    {"DD_APM_TRACING_ENABLED": "false"},
]
CHANGING = {"runtime-id", "_dd.p.tid", "process_id"}


def spans(python: str, settings: dict[str, str]) -> list[dict[str, object]]:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("DD_", "OTEL_"))}
    with agent.Agent() as fake:
        env |= {"DD_TRACE_AGENT_URL": fake.url, "DD_TRACE_API_VERSION": "v0.4",
                "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false", "DD_REMOTE_CONFIGURATION_ENABLED": "false"} | settings
        subprocess.run([python, str(HERE / "chunks_program.py")], env=env, check=True, stderr=subprocess.DEVNULL)
        out = []
        for chunk in fake.traces():
            for span in chunk:
                kept = {key: span[key] for key in ("name", "service", "resource", "type", "error")}
                tags = {**span["meta"], **span["metrics"]}
                kept |= {key: value for key, value in tags.items() if key not in CHANGING}
                out.append(kept)
        return out


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("ddpython")
    parser.add_argument("--reference", default=os.path.join(os.environ.get("DD_TEST_HOME", os.path.expanduser("~/.cache/ddpython")),
                                                                   "ref-3.11/bin/python"))
    arguments = parser.parse_args()
    if not os.path.exists(arguments.reference):
        print("no reference: tests/env/setup makes it")
        return 77
    failed = 0
    for settings in SETTINGS:
        expected, seen = spans(arguments.reference, settings), spans(arguments.ddpython, settings)
        lines = [] if len(expected) == len(seen) else [f"  {len(expected)} spans, here {len(seen)}"]
        for left, right in zip(expected, seen):
            lines += [f"  {left['name']}: {key}: reference {left.get(key)!r}, here {right.get(key)!r}"
                      for key in sorted(left.keys() | right.keys()) if left.get(key) != right.get(key)]
        print(f"{settings}: {len(expected)} spans, {len(lines)} different")
        print("\n".join(lines), end="\n" if lines else "")
        failed += len(lines)
    return 1 if failed or not expected else 0


if __name__ == "__main__":
    sys.exit(main())
