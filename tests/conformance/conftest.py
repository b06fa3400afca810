"""One test agent for all cases, and the launcher under test."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from agent import Agent  # noqa: E402
from capture import Launcher  # noqa: E402


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--launcher",
        default=os.environ.get("DD_LAUNCHER", ""),
        help="the command under test, in the place of python (DD_LAUNCHER)",
    )
    parser.addoption(
        "--launcher-python",
        default=os.environ.get("DD_LAUNCHER_PYTHON", ""),
        help="the python of the environment it uses (DD_LAUNCHER_PYTHON)",
    )
    parser.addoption(
        "--few",
        action="store_true",
        help="one case of each program, and none that needs more than the app and web environments",
    )


@pytest.fixture(scope="session")
def launcher(request: pytest.FixtureRequest) -> Launcher:
    command = request.config.getoption("--launcher")
    if not command:
        pytest.skip("no launcher: set DD_LAUNCHER or give --launcher")
    return Launcher.named(command, request.config.getoption("--launcher-python"))


@pytest.fixture(scope="session")
def agent() -> Iterator[Agent]:
    with Agent() as running:
        yield running
