"""Turns registry.tsv into the rows of a constexpr table: make_registry.py REGISTRY.TSV OUT."""

import json
import pathlib
import sys


def row(line: str) -> str:
    name, aliases, kind, fallback, product, otel, flags = line.split("\t")
    marks = set(flags.split(","))
    texts = ", ".join(json.dumps(text) for text in (name, aliases, kind, fallback, product, otel))
    bits = ", ".join(str(mark in marks).lower() for mark in ("sensitive", "internal", "remote"))
    return f"{{{texts}, {bits}}},"


def main() -> None:
    source, target = map(pathlib.Path, sys.argv[1:])
    lines = [line for line in source.read_text().splitlines() if line and not line.startswith("#")]
    if lines != sorted(lines, key=lambda line: line.split("\t")[0]):
        sys.exit(f"{source}: rows must be sorted by name")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n".join(map(row, lines)) + "\n")


main()
