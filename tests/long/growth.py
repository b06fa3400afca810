#!/usr/bin/env python3
"""growth.py [PROGRAM [TIMES [NAME...]]]: each integration that has a round of work, over and over.

Does TIMES (100,000) rounds of several requests each, with PROGRAM (build/host/ddpython3.11), and ends
with an error when objects stay or memory grows. Printed is what malloc has given out after each sixth of the
rounds, in KiB, beyond the first sixth. The names are those of tests/conformance/test_growth.py; the
environments those of tests/env/setup.
"""

import os
import subprocess
import sys
from pathlib import Path

CONFORMANCE = Path(__file__).resolve().parent.parent / "conformance"
TESTED = Path(os.environ.get("DD_TEST_HOME", Path.home() / ".cache/ddpython"))
PYTHON = TESTED / "app-3.11/bin/python"  # the fake agent needs its libraries
if Path(sys.prefix) != PYTHON.parent.parent:
    os.execv(PYTHON, [str(PYTHON), *sys.argv])
sys.path.insert(0, str(CONFORMANCE))
program = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "build/host/ddpython3.11"
times = sys.argv[2] if len(sys.argv) > 2 else "100000"

from capture import Launcher  # noqa: E402
from test_growth import GROWTH, OFF_BY_DEFAULT, service_of  # noqa: E402

NOWHERE = "http://127.0.0.1:9"  # the fake agent would be slower than any of them

failed = 0
for name, libraries in GROWTH:
    using = Launcher.named(program, "").using(libraries)
    if sys.argv[3:] and name not in sys.argv[3:]:
        continue
    done = subprocess.run(
        [*using.command, "growth.py", name, times],
        cwd=CONFORMANCE / "cases",
        env={**using.environment(), **service_of(name), "DD_TRACE_AGENT_URL": NOWHERE, **OFF_BY_DEFAULT,
             "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "0", "PYTHONMALLOC": "malloc"},
        capture_output=True,
        text=True,
    )
    objects, _, sizes = done.stdout.strip().partition("\n")
    good = done.returncode == 0 and objects == "as before"
    print(f"| {name} | {int(times):,} | {sizes if good else objects + ' ' + sizes + done.stderr[-300:]} |", flush=True)
    failed += not good
sys.exit(bool(failed))
