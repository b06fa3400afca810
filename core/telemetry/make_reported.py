"""Turns reported.tsv into a constexpr table and its texts: make_reported.py REPORTED.TSV OUT."""

import json
import pathlib
import sys


class Texts:
    def __init__(self) -> None:
        self.all = ""

    def keep(self, text: str) -> str:
        at = len(self.all.encode())
        self.all += text + "\0"
        return f"{{{at}, {len(text.encode())}}}"


def row(line: str, kept: Texts) -> str:
    name, origins, kind, fallback = line.split("\t")
    text = "{}" if fallback == "\\N" else kept.keep(fallback)
    return f'{{{kept.keep(name)}, Origins::k{origins.capitalize()}, Kind::k{kind.capitalize()}, {text}}},'


def main() -> None:
    source, target = map(pathlib.Path, sys.argv[1:])
    lines = [line for line in source.read_text().splitlines() if line and not line.startswith("#")]
    target.parent.mkdir(parents=True, exist_ok=True)
    kept = Texts()
    rows = [row(line, kept) for line in lines]
    texts = "\n".join(f'    {json.dumps(text)} "\\0"' for text in kept.all.split("\0")[:-1])
    target.write_text(f"const char reported_texts[] =\n{texts};\nnamespace {{\n"
                      "constexpr Reported kReported[] = {\n" + "\n".join(rows) + "\n};\n}  // namespace\n")


main()
