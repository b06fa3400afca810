"""Turns registry.tsv into a constexpr table and its texts: make_registry.py REGISTRY.TSV OUT.

Each row also says whether any source of the program names the setting. OUT.d lists all of them: the build makes the table
again when one has changed.
"""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "base"))
from kept_texts import KeptTexts, rows_of, write_table  # noqa: E402

FOLDERS = ("core", "contrib", "host", "products", "pyshim")
ONLY_NAME_THEM = ("explain", "diagnosis", "set_in_vain", "reported", "_sources")  # and do not act on them
MADE_BY_PATTERN = ("_SERVICE", "_SERVICE_NAME", "_DISTRIBUTED_TRACING", "_SPLIT_BY_DOMAIN", "_ENABLED")


class Sources:
    def __init__(self, root: pathlib.Path) -> None:
        files = [path for folder in FOLDERS for kind in ("cc", "h", "py")
                 for path in (root / folder).rglob(f"*.{kind}") if path.stem not in ONLY_NAME_THEM]
        self.read = sorted({*files, *(path.parent for path in files)})  # folders: files come and go
        text = "".join(path.read_text(errors="replace") for path in files)
        self.names = set(re.findall(r"\b_?(?:DD|OTEL|DATADOG)_[A-Z0-9_]+", text))
        table = (root / "contrib" / "integrations.def").read_text()
        self.integrations = set(re.findall(r"DD_INTEGRATION\((\w+)", table))

    def use(self, name: str, aliases: str, product: str) -> bool:
        if self.names.intersection([name, *aliases.split(",")]):
            return True
        switch = name.removeprefix("DD_TRACE_").removesuffix("_ENABLED").lower()
        return name.endswith(MADE_BY_PATTERN) and bool(
            self.integrations.intersection([product.removeprefix("integration:"), switch]))


def row(cells: list[str], sources: Sources, kept: KeptTexts) -> str:
    name, aliases, kind, fallback, product, otel, flags = cells
    marks = set(flags.split(","))
    texts = ", ".join(kept.keep(text) for text in (name, aliases, kind, fallback, product, otel))
    bits = [mark in marks for mark in ("sensitive", "internal", "remote", "reported", "stable")]
    bits.append(not sources.use(name, aliases, product))
    words = "kYes" if "words" in marks else "kStructured" if "structured" in marks else "kNone"
    return f"{{{texts}, {', '.join(str(bit).lower() for bit in bits)}, Words::{words}}},"


def main() -> None:
    source, target = map(pathlib.Path, sys.argv[1:])
    table = rows_of(source)
    if table != sorted(table, key=lambda cells: cells[0]):
        sys.exit(f"{source}: rows must be sorted by name")
    sources, kept = Sources(source.resolve().parents[2]), KeptTexts()
    rows = [row(cells, sources, kept) for cells in table]
    write_table(target, "registry_texts", kept, "KnownSetting", "kRegistry", rows)
    target.with_name(target.name + ".d").write_text(f"{target}: " + " ".join(map(str, sources.read)) + "\n")


main()
