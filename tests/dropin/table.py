"""One line a test file of a folder that `KEEP=FOLDER run` has filled: table.py FOLDER.

The exit status is 1 when a test differs that is not in known.txt, or a file could not be compared.
"""

import pathlib
import re
import sys


def row(path):
    """The line of one file, and whether its outcomes are equal."""
    text = path.read_text()
    counts = re.search(r"^reference: \{(.*)\}$", text, re.M)
    found = re.search(r"^differences: (\d+)$", text, re.M)
    if not counts or not found:
        return f"| {path.stem} | not compared | |", False
    outcomes = counts[1].replace("'", "").replace(":", "")
    notes = [line for line in text.splitlines() if line.startswith(("known: ", "  test."))]
    same = "the same" if found[1] == "0" else f"{found[1]} differ"
    return f"| {path.stem} | {outcomes} | {'; '.join([same, *notes])} |", found[1] == "0"


def main(folder):
    rows = [row(path) for path in sorted(pathlib.Path(folder).glob("test_*.txt"))]
    print("| file | python | ddpython |\n| --- | --- | --- |")
    print("\n".join(line for line, _ in rows))
    return int(not all(equal for _, equal in rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
