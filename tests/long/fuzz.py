"""Fuzz targets for so many minutes of CPU each: fuzz.py [--minutes 10] [--build build-fuzz] [only ...]

    cmake --preset fuzz && cmake --build build-fuzz --target dd_unit_tests && tests/long/fuzz.py

What is found goes on from what earlier runs found (build-fuzz/tests/fuzz/found_NAME) and the corpus
of the repository. Prints a table; exits with 1 when a target died, and leaves the input beside it.
Not part of CI, which runs 20,000 inputs of each.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import re
import resource
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
CORPUS = HERE.parent / "fuzz/corpus"
SLICE = 20  # seconds of a run; their CPU time is added up


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def fuzz(program: pathlib.Path, seconds: float) -> tuple[float, int, str]:
    """CPU used, inputs tried, and what it died of or nothing."""
    name = program.name.removeprefix("fuzz_")
    found = program.parent / f"found_{name}"
    found.mkdir(exist_ok=True)
    begin, runs = cpu_seconds(), 0
    while (used := cpu_seconds() - begin) < seconds:
        length = max(1, min(SLICE, int(seconds - used)))
        done = subprocess.run(
            [program, f"-max_total_time={length}", "-timeout=100", "-max_len=4096", "-print_final_stats=1",
             f"-artifact_prefix={program.parent}/{name}-", found, CORPUS / name],
            capture_output=True, text=True, errors="replace", cwd=program.parent,
            env=os.environ | {"ASAN_OPTIONS": "detect_leaks=0", "PYTHONMALLOC": "malloc"})
        runs += int((re.findall(r"number_of_executed_units: (\d+)", done.stderr) or ["0"])[-1])
        if done.returncode:
            return cpu_seconds() - begin, runs, done.stderr[-3000:]
    return used, runs, ""


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--build", default=str(HERE.parents[1] / "build-fuzz"))
    parser.add_argument("only", nargs="*")
    arguments = parser.parse_args()
    folder = pathlib.Path(arguments.build).resolve() / "tests/fuzz"
    programs = sorted(one for one in folder.glob("fuzz_*") if one.is_file() and os.access(one, os.X_OK))
    if arguments.only:
        programs = [folder / f"fuzz_{name}" for name in arguments.only]
    failed = 0
    print(f"{'target':20}{'CPU s':>8}{'inputs':>14}", flush=True)
    for program in programs:
        used, runs, died = fuzz(program, arguments.minutes * 60)
        print(f"{program.name:20}{used:8.0f}{runs:14,}   {'died' if died else 'clean'}", flush=True)
        if died:
            print(died, flush=True)
        failed += bool(died)
    return failed and 1


if __name__ == "__main__":
    sys.exit(main())
