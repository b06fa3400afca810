"""Turns registry.tsv into a constexpr table and its texts: make_registry.py REGISTRY.TSV OUT.

Each row also says whether any source of the program names the setting, as the sources are when the table is made.
"""

import json
import pathlib
import re
import sys

FOLDERS = ("core", "contrib", "host", "products", "pyshim")
ONLY_NAME_THEM = ("explain", "diagnosis", "reported", "startup_log")  # and do not act on them
MADE_BY_PATTERN = ("_SERVICE", "_SERVICE_NAME", "_DISTRIBUTED_TRACING", "_SPLIT_BY_DOMAIN", "_ENABLED")


class Sources:
    def __init__(self, root: pathlib.Path) -> None:
        text = "".join(path.read_text(errors="replace") for folder in FOLDERS for kind in ("cc", "h", "py")
                       for path in (root / folder).rglob(f"*.{kind}") if path.stem not in ONLY_NAME_THEM)
        self.names = set(re.findall(r"\b_?(?:DD|OTEL|DATADOG)_[A-Z0-9_]+", text))
        table = (root / "contrib" / "integrations.def").read_text()
        self.integrations = set(re.findall(r"DD_INTEGRATION\((\w+)", table))

    def use(self, name: str, aliases: str, product: str) -> bool:
        if self.names.intersection([name, *aliases.split(",")]):
            return True
        switch = name.removeprefix("DD_TRACE_").removesuffix("_ENABLED").lower()
        return name.endswith(MADE_BY_PATTERN) and bool(
            self.integrations.intersection([product.removeprefix("integration:"), switch]))


class Texts:
    """All texts of the table, each once."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}
        self.size = 0

    def keep(self, text: str) -> str:
        if text not in self.places:
            self.places[text] = self.size
            self.size += len(text.encode()) + 1
        return f"{{{self.places[text]}, {len(text.encode())}}}"

    def lines(self) -> str:
        return "\n".join(f'    {json.dumps(text)} "\\0"' for text in self.places)


def row(line: str, sources: Sources, kept: Texts) -> str:
    name, aliases, kind, fallback, product, otel, flags = line.split("\t")
    marks = set(flags.split(","))
    texts = ", ".join(kept.keep(text) for text in (name, aliases, kind, fallback, product, otel))
    bits = [mark in marks for mark in ("sensitive", "internal", "remote", "reported", "stable", "words")]
    bits.append(not sources.use(name, aliases, product))
    return f"{{{texts}, {', '.join(str(bit).lower() for bit in bits)}}},"


def main() -> None:
    source, target = map(pathlib.Path, sys.argv[1:])
    lines = [line for line in source.read_text().splitlines() if line and not line.startswith("#")]
    if lines != sorted(lines, key=lambda line: line.split("\t")[0]):
        sys.exit(f"{source}: rows must be sorted by name")
    sources = Sources(source.resolve().parents[2])
    target.parent.mkdir(parents=True, exist_ok=True)
    kept = Texts()
    rows = [row(line, sources, kept) for line in lines]
    target.write_text("const char registry_texts[] =\n" + kept.lines() + ";\nnamespace {\n"
                      "constexpr KnownSetting kRegistry[] = {\n" + "\n".join(rows) + "\n};\n}  // namespace\n")


main()
