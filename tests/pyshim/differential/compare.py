"""Compares what the cases show under ddpython with what they show under the reference.

    python compare.py DDPYTHON [REFERENCE_PYTHON]

Exit status 0 when every difference is one of KNOWN, 1 with the others listed, 77 when there is no
reference: tests/env/setup makes `ref`.
"""

import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent

# Which cases differ on purpose, and why. A pattern is matched with a case's whole name.
KNOWN = [
    (r"sequence .*surrogate.*|.* surrogate",
     "what UTF-8 cannot say is replaced at once; the reference keeps or drops the text"),
    (r"(name|service|resource|span_type)= b'.*|_add_event name b'.*|sequence .*b'.*",
     "bytes that are no UTF-8, and names of events, read as str"),
    (r"_add_event name None", "an event has a name"),
    (r"writer type", "the tracer's own writer, whose buffer is native, is a kind of NativeWriter"),
    (r"(link|event|recorded) (b'bytes'|5|None) .*|set_link tracestate .*",
     "keys and states that are no text become text; the reference keeps them or raises"),
    (r"(link|event) .* Failing|sequence .*Failing.*|_add_event attributes .*",
     "what has no text is left out; the reference raises"),
    (r"event .* b'.*", "values of events are texts, numbers and lists at once"),
    (r"set_tags? 'network.destination.port' -?inf", "setters are total"),
    (r"set_link .*", "what is no number or text here raises there, and the other way round"),
    (r"Span\(trace_id\) (True|False|Index)", "an identifier is an int"),
    (r"_?finish(_ns)?\(\) .*", "times are clamped to 64 bits, and 0 is one nanosecond"),
    (r"set_traceback\(\) .*", "a limit that is no usable number is no limit; it raises there"),
    (r"context\.(trace_id|span_id)= .*|Context\((trace_id|span_id)\) .*|copy .*",
     "an identifier is 64 or 128 bits, and 0 is none"),
    (r"(context\.sampling_priority=|Context\(sampling_priority\)) .*",
     "a priority is an int; the reference keeps anything"),
    (r"(context\.dd_origin=|Context\(dd_origin\)|context\.dd_user_id=) .*",
     "an origin is text that can be sent, or none; the reference keeps anything"),
    (r"baggage .*|Context\((meta|metrics|baggage)\) .*",
     "shared facts are texts, numbers, bytes or None; the reference keeps any object"),
    (r"context (lock|many)|span (no name|unknown|tracer)|current span args|wrap nothing|"
     r"correlation wrong", "the same type of error, in other words"),
    (r"link_span wrong", "the same level of log, in other words"),
    (r"extract list", "a list of pairs carries headers, too"),
]


def shown(python, **variables):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("DD_", "PYTHON"))}
    quiet = {"DD_TRACE_AGENT_URL": "http://127.0.0.1:1", "DD_REMOTE_CONFIGURATION_ENABLED": "0",
             "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "0", "DD_SERVICE": "s",
             # The reference has it only in programs that ddtrace-run starts.
             "DD_CODE_ORIGIN_FOR_SPANS_ENABLED": "0"}
    lines = []
    for cases in ("cases.py", "platform_cases.py", "tracer_cases.py",
                  "user_cases.py", "event_cases.py",
                  "llmobs_cases.py", "contrib_cases.py", "statsd_cases.py",
                  "module_cases.py", "trap_cases.py"):
        done = subprocess.run([python, str(HERE / cases)], capture_output=True, text=True,
                              env=environment | quiet | variables)
        if done.returncode:
            sys.exit(f"{python}: {cases} failed\n{done.stderr[-2000:]}")
        lines += [line for line in done.stdout.splitlines() if " | " in line]
    return lines


def main():
    home = pathlib.Path(os.environ.get("DD_TEST_HOME", pathlib.Path.home() / ".cache/ddpython"))
    default = home / ("ref-%d.%d/bin/python" % sys.version_info[:2])
    launcher = sys.argv[1]
    reference = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else default
    if not reference.exists():
        print(f"no reference at {reference}")
        return 77
    theirs, ours = shown(str(reference)), shown(launcher)
    patterns = [(re.compile(pattern, re.S), [0]) for pattern, _ in KNOWN]
    unknown = []
    for their, our in zip(theirs, ours):
        if their == our:
            continue
        name = their.partition(" | ")[0]
        for pattern, count in patterns:
            if pattern.fullmatch(name):
                count[0] += 1
                break
        else:
            unknown.append((their, our))
    for their, our in unknown[:20]:
        print(f"reference {their}\nddpython  {our}\n")
    for (pattern, _), (_, count) in zip(KNOWN, patterns):
        if count[0] == 0:
            print(f"no case differs any more: {pattern}")
    known = sum(count[0] for _, count in patterns)
    print(f"{len(ours)} cases, {known} differ on purpose, {len(unknown)} differ otherwise")
    return 1 if unknown or len(theirs) != len(ours) else 0


if __name__ == "__main__":
    sys.exit(main())
