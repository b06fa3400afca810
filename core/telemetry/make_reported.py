"""Turns reported.tsv into a constexpr table and its texts: make_reported.py REPORTED.TSV OUT."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "base"))
from kept_texts import KeptTexts, rows_of, write_table  # noqa: E402


def row(cells: list[str], kept: KeptTexts) -> str:
    name, origins, kind, fallback = cells
    text = "{}" if fallback == "\\N" else kept.keep(fallback)
    return f"{{{kept.keep(name)}, Origins::k{origins.capitalize()}, Kind::k{kind.capitalize()}, {text}}},"


def main() -> None:
    source, target = map(pathlib.Path, sys.argv[1:])
    kept = KeptTexts()
    rows = [row(cells, kept) for cells in rows_of(source)]
    write_table(target, "reported_texts", kept, "Reported", "kReported", rows)


main()
