"""Nothing of ours runs before main: no object of our libraries has a constructor's table.

    before_main_test.py BUILD_DIR
"""

import pathlib
import subprocess
import sys

FOLDERS = ("core", "contrib", "products", "pyshim", "host")


def main() -> int:
    build = pathlib.Path(sys.argv[1])
    libraries = sorted(file for folder in FOLDERS for file in (build / folder).rglob("lib*.a"))
    assert len(libraries) > 20, "where are the libraries?"
    faults = []
    for library in libraries:
        listing = subprocess.run(["readelf", "--wide", "--sections", library], check=True,
                                 capture_output=True, text=True).stdout
        member = ""
        for line in listing.splitlines():
            if line.startswith("File: "):
                member = line.removeprefix("File: ")
            elif " .init_array" in line or " .ctors" in line:
                faults.append(f"{member}: make the object constexpr or constinit")
    print("\n".join(faults) or f"{len(libraries)} libraries")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
