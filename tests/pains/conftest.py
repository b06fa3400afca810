"""The program under test, the python it stands in for, and what a run of each did."""

import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from fakes.agent import Agent  # noqa: E402

LAUNCHER = os.environ["DD_LAUNCHER"]
PLAIN = os.environ["DD_PLAIN_PYTHON"]
NO_AGENT = "http://127.0.0.1:1"


def environment(variables):
    kept = {k: v for k, v in os.environ.items()
            if not k.startswith(("PYTHON", "DD_", "_DD_", "VIRTUAL_ENV"))}
    return {**kept, **variables}


def run(program, source, *arguments, **variables):
    done = subprocess.run([program, "-c", source, *arguments], env=environment(variables), text=True,
                          capture_output=True, timeout=120, errors="backslashreplace")
    return done.returncode, done.stdout, done.stderr


def without_complaint(stderr):
    """What the program wrote: a missing agent is one line of ours."""
    return "".join(line for line in stderr.splitlines(True) if "no trace agent" not in line)


@pytest.fixture(scope="session")
def pythons():
    """Plain python and ddpython in an environment with libraries, by its kind."""

    def find(kind):
        code, version, _ = run(PLAIN, "import sys; print('%d.%d' % sys.version_info[:2])")
        assert code == 0
        home = pathlib.Path(os.environ.get("DD_TEST_HOME") or pathlib.Path.home() / ".cache/ddpython")
        folder = home / f"{kind}-{version.strip()}"
        if not (folder / "made-from").exists():
            pytest.skip(f"no {folder}: run tests/env/setup")
        return folder / "bin" / "python", {"VIRTUAL_ENV": str(folder)}

    return find


@pytest.fixture
def agent():
    with Agent() as one:
        yield one
        assert one.problems == []
