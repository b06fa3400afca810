"""The texts of a generated table (kept_text.h), for the programs that make one."""

import json
import pathlib


class KeptTexts:
    """All texts of a table, each once."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}
        self.size = 0

    def keep(self, text: str) -> str:
        """How the table names it: the braces of a base::KeptText."""
        if text not in self.places:
            self.places[text] = self.size
            self.size += len(text.encode()) + 1
        return f"{{{self.places[text]}, {len(text.encode())}}}"

    def declare(self, name: str) -> str:
        lines = "\n".join(f'    {json.dumps(text)} "\\0"' for text in self.places)
        return f"const char {name}[] =\n{lines};\n"


def rows_of(source: pathlib.Path) -> list[list[str]]:
    """The cells of a file of tab-separated rows."""
    lines = source.read_text().splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def write_table(target: pathlib.Path, texts: str, kept: KeptTexts, kind: str, name: str, rows: list[str]) -> None:
    table = (kept.declare(texts) + "namespace {\n"
             f"constexpr {kind} {name}[] = {{\n" + "\n".join(rows) + "\n};\n}  // namespace\n")
    if target.exists() and target.read_text() == table:
        return  # nothing is compiled again
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(table)
