"""Turns reported.tsv into the rows of a constexpr table: make_reported.py REPORTED.TSV OUT."""

import json
import pathlib
import sys


def row(line: str) -> str:
    name, origins, kind, fallback = line.split("\t")
    text = "{}" if fallback == "\\N" else json.dumps(fallback)
    return f'{{"{name}", Origins::k{origins.capitalize()}, Kind::k{kind.capitalize()}, {text}}},'


def main() -> None:
    source, target = map(pathlib.Path, sys.argv[1:])
    lines = [line for line in source.read_text().splitlines() if line and not line.startswith("#")]
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n".join(map(row, lines)) + "\n")


main()
