"""Every C++ file is as Debian 12's clang-format leaves it: format_test.py SOURCE.

    clang-format-14 -i FILE...      mends what it names

Other versions disagree with each other: without that one the test is skipped (77)."""

import pathlib
import shutil
import subprocess
import sys

FOLDERS = ("host", "pyshim", "core", "products", "contrib", "tests")


def main() -> int:
    program = shutil.which("clang-format-14")
    if program is None:
        print("there is no clang-format-14")
        return 77
    source = pathlib.Path(sys.argv[1])
    files = sorted(file for folder in FOLDERS for file in (source / folder).rglob("*.[ch]*")
                   if file.suffix in {".cc", ".h"})
    assert len(files) > 500, "where are the sources?"
    return subprocess.run([program, "--dry-run", "-Werror", *files], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
