"""`ddtrace-run python ...` is the same as the program itself, and as the reference's."""

from __future__ import annotations

from pathlib import Path

import pytest
from agent import Agent
from capture import Launcher, capture
from compare import differences, expectation, shortened
from table import CASES


@pytest.mark.parametrize("name", ["shop_gunicorn", "shop_flask_run", "flask_hooks"])
def test_ddtrace_run_is_like_the_reference(
    name: str, launcher: Launcher, agent: Agent, tmp_path: Path
) -> None:
    command = tmp_path / "ddtrace-run"
    command.symlink_to(launcher.command[0])
    run = Launcher([str(command), str(launcher.python)], launcher.python)
    lines = differences(expectation(name), capture(CASES[name], run, agent))
    if lines:
        pytest.fail(f"{name}:\n{shortened(lines)}", pytrace=False)
