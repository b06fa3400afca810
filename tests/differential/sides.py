"""The two sides that programs of this folder compare: the reference and ddpython, their arguments and environment."""

from __future__ import annotations

import argparse
import os
import pathlib
from collections.abc import Mapping

REFERENCE = "~/.cache/ddpython/ref-3.11/bin/python"


class Sides:
    """Command lines: `reference` runs a program under ddtrace-run, `ours` under ddpython."""

    def __init__(self, ddpython: str, reference: str) -> None:
        environment = pathlib.Path(reference).parent.parent
        os.environ["VIRTUAL_ENV"] = str(environment)  # ddpython finds the same libraries
        self.reference = [str(environment / "bin" / "ddtrace-run"), reference]
        self.ours = [ddpython]


def parse(description: str | None, *more: str, **numbers: int) -> tuple[Sides, argparse.Namespace]:
    """The usual arguments, switches `more`, and numbers with what they are when nobody says."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ddpython")
    parser.add_argument("--reference", default=os.path.expanduser(REFERENCE))
    parser.add_argument("--only", default="")
    for switch in more:
        parser.add_argument(switch, action="store_true")
    for name, number in numbers.items():
        parser.add_argument(f"--{name}", type=int, default=number)
    arguments = parser.parse_args()
    return Sides(arguments.ddpython, arguments.reference), arguments


def clean(more: Mapping[str, str]) -> dict[str, str]:
    """This environment without settings of a tracer, and `more`."""
    ours = ("DD_", "_DD_", "OTEL_")
    return {k: v for k, v in os.environ.items() if not k.startswith(ours)} | dict(more)
