"""What the documents name is there: files, links, presets, tests, and switches of our programs.

    docs_test.py SOURCE_DIR BUILD_DIR

Looks at what stands between backquotes and at blocks of commands.
"""

import glob
import json
import pathlib
import re
import subprocess
import sys

FOLDERS = ("host/", "pyshim/", "core/", "products/", "contrib/", "tests/", "packaging/", "docs/", ".ci/")
QUOTED = re.compile(r"`([^`\n]+)`")
BLOCK = re.compile(r"^```\w*\n(.*?)^```", re.M | re.S)
LINK = re.compile(r"\]\(([^)#:\s]+)[^):]*\)")
PATH = re.compile(r"(?<![\w./-])((?:%s)[\w./*{},-]*)" % "|".join(map(re.escape, FOLDERS)))


def unfold(pattern: str) -> list[str]:
    """a/{b,c}.h as a/b.h and a/c.h."""
    found = re.search(r"\{([^{}]*)\}", pattern)
    if not found:
        return [pattern]
    return [one for choice in found[1].split(",")
            for one in unfold(pattern[:found.start()] + choice + pattern[found.end():])]


def is_there(root: pathlib.Path, name: str) -> bool:
    name = name.rstrip(".,/")
    return all(glob.glob(str(root / one)) or glob.glob(str(root / one) + ".*") for one in unfold(name))


def main() -> int:
    root, build = map(pathlib.Path, sys.argv[1:])
    presets = {one["name"] for one in json.loads((root / "CMakePresets.json").read_text())["configurePresets"]}
    listing = subprocess.run(["ctest", "--test-dir", build, "-N"], check=True, capture_output=True, text=True).stdout
    tests = re.findall(r"Test +#\d+: (\S+)", listing)
    faults = []
    documents = [*root.glob("*.md"), *(root / "docs").glob("*.md"),
                 *(file for folder in FOLDERS for file in (root / folder).rglob("*.md") if "corpus" not in file.parts)]
    assert len(documents) > 10, "where are the documents?"
    for document in sorted(set(documents)):
        text = document.read_text()
        said = [*BLOCK.findall(text), *QUOTED.findall(BLOCK.sub("", text))]
        at = document.relative_to(root)
        for piece in said:
            for name in PATH.findall(piece):
                if name.count("{") != name.count("}"):
                    continue  # goes on in the next line of a picture
                if not is_there(root, name) and not is_there(document.parent, name):
                    faults.append(f"{at}: {name} is not there")
            for name in re.findall(r"--preset[ =](\w+)", piece):
                if name not in presets:
                    faults.append(f"{at}: there is no preset {name}")
            for wanted in re.findall(r"ctest [^\n]*-R ['\"]?([^\s'\"]+)", piece):
                if not any(re.search(wanted, name) for name in tests):
                    faults.append(f"{at}: no test matches {wanted}")
        for target in LINK.findall(BLOCK.sub("", text)):
            if not (document.parent / target).exists():
                faults.append(f"{at}: the link to {target} leads nowhere")
    print("\n".join(faults) or f"{len(documents)} documents")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
