"""The program under test and the python it stands in for, from the environment ctest sets."""

import os
import pathlib
import subprocess

import pytest

LAUNCHER = os.environ["DD_LAUNCHER"]
PLAIN = os.environ["DD_PLAIN_PYTHON"]


def clean_environment(**more):
    kept = {k: v for k, v in os.environ.items()
            if not k.startswith(("PYTHON", "DD_", "_DD_", "VIRTUAL_ENV"))}
    return {**kept, **more}


class Both:
    """One environment with the launcher and the plain python side by side."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        subprocess.run([PLAIN, "-m", "venv", "--without-pip", folder / "venv"], check=True)
        self.plain = folder / "venv" / "bin" / "python"
        self.launcher = folder / "venv" / "bin" / "ddpython"
        self.launcher.symlink_to(LAUNCHER)
        self.ddtrace_run = folder / "venv" / "bin" / "ddtrace-run"
        self.ddtrace_run.symlink_to(LAUNCHER)

    def run(self, program, *arguments, input="", env=None, cwd=None):
        done = subprocess.run([program, *map(str, arguments)], input=input, text=True,
                              capture_output=True, cwd=cwd or self.folder, timeout=120,
                              env=clean_environment(**(env or {})))
        return done.returncode, done.stdout, done.stderr

    def outcomes(self, *arguments, **options):
        """What plain python and the launcher do, the launcher's name put in the place of python's."""
        plain = self.run(self.plain, *arguments, **options)
        code, out, err = self.run(self.launcher, *arguments, **options)
        def as_plain(text):
            return text.replace(str(self.launcher), str(self.plain))
        return plain, (code, as_plain(out), as_plain(err))


@pytest.fixture(scope="session")
def libraries(both):
    """Variables that make the launcher act in the environment of tests/env/setup."""
    version = both.run(PLAIN, "-c", "import sys; print('%d.%d' % sys.version_info[:2])")[1].strip()
    home = pathlib.Path(os.environ.get("DD_TEST_HOME") or pathlib.Path.home() / ".cache/ddpython")
    if not (home / f"app-{version}" / "made-from").exists():
        pytest.skip(f"no {home}/app-{version}: run tests/env/setup")
    return {"VIRTUAL_ENV": str(home / f"app-{version}")}


@pytest.fixture(scope="session")
def both(tmp_path_factory):
    return Both(tmp_path_factory.mktemp("host"))
