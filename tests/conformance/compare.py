"""Says how a capture differs from the expectation, span by span.

    compare.py [--launcher "COMMAND"] [--python PYTHON] [CASE...]

Prints nothing but the names of the cases when they agree; exits with 1 when they do not.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any

from agent import Agent
from capture import EXPECTED, Launcher, capture
from table import CASES

MOST_LINES = 60


def expectation(name: str) -> dict[str, Any]:
    path = EXPECTED / f"{name}.json"
    if not path.exists():
        raise SystemExit(f"{name}: nothing is expected yet: tests/conformance/record {name}")
    return dict(json.loads(path.read_text()))


def _outline(chunk: list[dict[str, Any]]) -> list[str]:
    """The tree of a chunk: one line for each span."""
    depth: dict[str, int] = {}
    lines = []
    for span in chunk:
        depth[span["span"]] = depth.get(span["parent"], -1) + 1
        indent = "  " * depth[span["span"]]
        lines.append(f"{indent}{span['name']} [{span['resource'].splitlines()[:1]}]")
    return lines


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else text[:300] + "..."


def _values(place: str, wanted: Any, seen: Any, lines: list[str]) -> None:
    if isinstance(wanted, dict) and isinstance(seen, dict):
        for key in [*wanted, *(key for key in seen if key not in wanted)]:
            if key not in seen:
                lines.append(f"{place}.{key}: missing, expected {_short(wanted[key])}")
            elif key not in wanted:
                lines.append(f"{place}.{key}: unexpected {_short(seen[key])}")
            else:
                _values(f"{place}.{key}", wanted[key], seen[key], lines)
    elif wanted != seen:
        lines.append(f"{place}: expected {_short(wanted)}")
        lines.append(f"{' ' * len(place)}  seen     {_short(seen)}")


def _rows(place: str, wanted: list[str], seen: list[str], lines: list[str]) -> None:
    for number in range(max(len(wanted), len(seen))):
        left = wanted[number] if number < len(wanted) else "(nothing)"
        right = seen[number] if number < len(seen) else "(nothing)"
        if left != right:
            lines += [f"{place}, line {number + 1}: expected {left}", f"{place}: seen {right}"]


def differences(wanted: dict[str, Any], seen: dict[str, Any]) -> list[str]:
    """What to tell the reader; empty when both are the same."""
    lines: list[str] = []
    _values("exit", wanted["exit"], seen["exit"], lines)
    for stream in ("stdout", "stderr"):
        _rows(stream, wanted[stream], seen[stream], lines)
    if "agent" in seen:
        lines += [f"the agent's checks: {line}" for line in seen["agent"]]
    if len(wanted["chunks"]) != len(seen["chunks"]):
        lines.append(f"chunks: expected {len(wanted['chunks'])}, seen {len(seen['chunks'])}")
    for number, (left, right) in enumerate(zip(wanted["chunks"], seen["chunks"]), 1):
        if _outline(left) != _outline(right):
            lines.append(f"chunk {number} has another tree; expected:")
            lines += [f"  - {line}" for line in _outline(left)]
            lines.append("seen:")
            lines += [f"  + {line}" for line in _outline(right)]
            continue
        for one, other in zip(left, right):
            _values(f"chunk {number}, {one['span']} {one['name']}", one, other, lines)
    return lines


def shortened(lines: list[str]) -> str:
    rest = len(lines) - MOST_LINES
    return "\n".join(lines[:MOST_LINES] + ([f"... {rest} more lines"] if rest > 0 else []))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--launcher", default=os.environ.get("DD_LAUNCHER", ""))
    parser.add_argument("--python", default=os.environ.get("DD_LAUNCHER_PYTHON", ""))
    parser.add_argument("case", nargs="*")
    options = parser.parse_args()
    if options.launcher:
        launcher = Launcher.named(options.launcher, options.python)
    else:
        launcher = Launcher.reference()
    different = 0
    with Agent() as agent:
        for name in options.case or CASES:
            lines = differences(expectation(name), capture(CASES[name], launcher, agent))
            print(f"{name}: {'different' if lines else 'same'}", flush=True)
            if lines:
                print(shortened(lines))
            different += bool(lines)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
