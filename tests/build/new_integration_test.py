"""What packaging/new-integration writes: new_integration_test.py SOURCE BUILD

In a copy of what it changes: the integration compiles, the page of integrations is current, and both
the program and the comparison say what is still to be written until somebody has.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

NAME = "trial_cache"
CASE = f"tests/conformance/cases/{NAME}_basic.py"


def copy(source: Path, to: Path) -> None:
    for part in ("contrib", "packaging", "tests/env"):
        shutil.copytree(source / part, to / part)
    (to / "docs").mkdir()
    shutil.copy(source / "docs/integrations.md", to / "docs")
    conformance = to / "tests/conformance"
    (conformance / "cases").mkdir(parents=True)
    (conformance / "expected").mkdir()
    for file in (source / "tests/conformance").glob("*.py"):
        shutil.copy(file, conformance)


def compiles(build: Path, file: Path) -> str:
    """What the compiler says, with the flags of the other integrations."""
    for row in json.loads((build / "compile_commands.json").read_text()):
        if "/contrib/CMakeFiles/contrib." not in row["file"] and "/contrib/falcon/" not in row["file"]:
            continue
        words = shlex.split(row["command"])
        at = words.index("-o")
        words = [word for word in words[:at] + words[at + 2 :] if word not in ("-c", row["file"])]
        done = subprocess.run(
            [*words, "-fsyntax-only", file], cwd=row["directory"], capture_output=True, text=True
        )
        return done.stderr if done.returncode else ""
    return "no integration is among the compile commands"


def main() -> None:
    source, build = Path(sys.argv[1]), Path(sys.argv[2])
    problems = []
    with tempfile.TemporaryDirectory(prefix="new-integration-") as scratch:
        root = Path(scratch)
        copy(source, root)

        def run(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                words, cwd=root, env={"PATH": "/usr/bin:/bin", **environment}, capture_output=True, text=True
            )

        def expect(what: str, done: subprocess.CompletedProcess[str], status: bool, text: str) -> None:
            said = done.stdout + done.stderr
            if (done.returncode == 0) != status or text not in said:
                problems.append(f"{what}: {done.returncode}, {text!r} is not in {said[-500:]!r}")

        kit = [sys.executable, root / "packaging/new-integration", NAME, "--module", "trial.cache"]
        expect("made", run(*kit, "--package", "trial-cache==1.0"), True, f"contrib/{NAME}/{NAME}.cc")
        expect("made twice", run(*kit), False, "is there already")
        page = root / "packaging/integrations-doc"
        expect("the page", run(sys.executable, page, "--check"), True, "")
        if f"DD_INTEGRATION({NAME}, true)\n" not in (root / "contrib/integrations.def").read_text():
            problems.append("contrib/integrations.def lacks it")
        if "trial-cache==1.0\n" not in (root / "tests/env/sites.txt").read_text():
            problems.append("tests/env/sites.txt lacks it")
        if said := compiles(build, root / f"contrib/{NAME}/{NAME}.cc"):
            problems.append(f"it does not compile: {said[:2000]}")

        (root / "trial").mkdir()
        (root / "trial/cache.py").touch()
        expect("the program", run(sys.executable, CASE, PYTHONPATH=scratch), False,
               f"{CASE}: call what contrib/{NAME}/{NAME}.cc hooks")
        ask = f"from compare import expectation; from table import CASES; CASES['{NAME}_basic']; expectation('{NAME}_basic')"
        (root / "msgpack.py").touch()
        paths = f"tests/conformance:{scratch}"
        expect("the comparison", run(sys.executable, "-c", ask, PYTHONPATH=paths), False,
               f"nothing is expected yet: tests/conformance/record {NAME}_basic")
    for problem in problems:
        print(problem)
    sys.exit(bool(problems))


main()
