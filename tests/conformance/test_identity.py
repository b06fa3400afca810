"""No target of any integration looks different from what it is without us.

The targets come from the tables, by `_contrib.targets()`; each environment says what it can of those
whose library it has, under plain python and with every integration on.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from capture import HERE, QUIET, Launcher

LIBRARIES = [
    *("app", "more", "data", "cloud", "stores", "models", "web", "sites", "net", "servers"),
    *("old", "oldweb", "oldmore", "oldnet", "oldservers", "oldmodels", "oldcloud"),
    "oldstores",
]
LIST = "import json; from ddtrace import _contrib; print(json.dumps(_contrib.targets()))"
MOST_SHOWN = 20


def run(launcher: Launcher, words: list[str], **environment: str) -> str:
    done = subprocess.run(
        [*launcher.command, *words],
        env={**launcher.environment(), **QUIET, **environment},
        cwd=HERE / "cases",
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize("libraries", LIBRARIES)
def test_targets_look_as_they_are(
    libraries: str, launcher: Launcher, tmp_path: Path
) -> None:
    using = launcher.using(libraries)
    if not using.python.exists():
        pytest.skip(f"no {using.python}")
    targets: dict[str, list[str]] = json.loads(run(using, ["-c", LIST]))
    places = tmp_path / "targets"
    all_places = {place for row in targets.values() for place in row}
    # Ours are not there without us.
    places.write_text("\n".join(sorted(p for p in all_places if not p.startswith("ddtrace."))))
    on = {f"DD_TRACE_{name.upper()}_ENABLED": "true" for name in targets}
    plain = Launcher([str(using.python)], using.python)
    words = ["-W", "ignore", "identity.py", str(places)]
    expected = run(plain, words).splitlines()
    seen = run(using, words, DD_TRACE_AGENT_URL="http://127.0.0.1:9", **on).splitlines()
    assert sum(" type: " in line for line in expected) > 10
    differ = [f"- {a}\n+ {b}" for a, b in zip(expected, seen) if a != b]
    assert len(expected) == len(seen)
    assert not differ, "\n".join(differ[:MOST_SHOWN])
