"""A small storm of forks, threads, tasks and greenlets; tests/long/storm.py is the large one."""

import pathlib
import subprocess
import sys

from conftest import LAUNCHER, clean_environment

STORM = pathlib.Path(__file__).resolve().parents[1] / "long/storm.py"


def test_everybody_traces_while_everything_is_forked():
    done = subprocess.run([sys.executable, STORM, LAUNCHER, "--forks", "60", "--busy", "16", "--threads", "400",
                           "--tasks", "4000", "--greenlets", "1000", "--limit", "60", "--agents", "silent"],
                          capture_output=True, text=True, timeout=280, env=clean_environment())
    assert done.returncode == 0, done.stdout + done.stderr
