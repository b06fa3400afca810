"""What an unfinished span without tags takes: 256 bytes, of the native span and its object together."""

import subprocess

from conftest import LAUNCHER, clean_environment

PROGRAM = """
import gc
from ddtrace.trace import tracer
def resident(): return int(open("/proc/self/statm").read().split()[1]) * 4096
count = 100_000
root = tracer.start_span("root")
spans = [None] * count
gc.collect()
before = resident()
for number in range(count): spans[number] = tracer.start_span("child", child_of=root)
gc.collect()
print((resident() - before) / count)
"""


def test_an_unfinished_span_takes_256_bytes():
    done = subprocess.run([LAUNCHER, "-c", PROGRAM], capture_output=True, text=True, timeout=60,
                          env=clean_environment(DD_TRACE_AGENT_URL="http://127.0.0.1:1"))
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) <= 257  # pages are rounded
