"""Captures the expectations again: record.py [--launcher PROGRAM] [CASE...]

Traces come from the reference, or from PROGRAM where the reference has none. The output and the exit status come from plain python, which a
tracer must not change; where the program prints what a tracer gives it, from the reference.
"""

from __future__ import annotations

import sys

from agent import Agent
from capture import EXPECTED, Launcher, capture, text_of
from compare import differences
from table import CASES


def main() -> None:
    arguments = sys.argv[1:]
    reference, plain = Launcher.reference(), Launcher.plain()
    if arguments[:1] == ["--launcher"]:
        reference, arguments = Launcher.named(arguments[1], ""), arguments[2:]
    EXPECTED.mkdir(exist_ok=True)
    with Agent() as agent:
        for name in arguments or CASES:
            case = CASES[name]
            result = capture(case, reference, agent)
            result["stderr"] = [line for line in result["stderr"] if "unsupported_agent" not in line]
            if not case.prints_trace:
                without = capture(case, plain, agent)
                without["chunks"] = result["chunks"]
                for line in differences(without, result):
                    print(f"{name}: the reference is not as plain python: {line[:200]}")
                result = without
            (EXPECTED / f"{name}.json").write_text(text_of(result))
            spans = sum(len(chunk) for chunk in result["chunks"])
            print(f"{name}: {len(result['chunks'])} chunks, {spans} spans", flush=True)


if __name__ == "__main__":
    main()
