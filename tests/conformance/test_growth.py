"""Requests leave nothing behind in the application."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from agent import Agent
from capture import HERE, Launcher


OFF_BY_DEFAULT = {
    f"DD_TRACE_{name}_ENABLED": "true" for name in ("HTTPLIB", "SQLALCHEMY", "KOMBU")
}


@pytest.mark.parametrize(
    ("name", "libraries"),
    [
        ("flask", "app"),
        ("flask_oldest", "old"),
        ("django", "web"),
        ("django_asgi", "web"),
        ("starlette", "web"),
        ("websockets", "web"),
        ("requests", "app"),
        ("httplib", "app"),
        ("sqlalchemy", "data"),
        ("gevent", "data"),
        ("kombu", "data"),
    ],
)
def test_requests_leave_no_objects(
    name: str, libraries: str, launcher: Launcher, agent: Agent, tmp_path: Path
) -> None:
    using = launcher.using(libraries)
    if not using.python.exists():
        pytest.skip(f"no {using.python}")
    done = subprocess.run(
        [*using.command, "growth.py", name],
        cwd=HERE / "cases",
        env={**using.environment(), "DD_TRACE_AGENT_URL": agent.url, **OFF_BY_DEFAULT},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout == "as before\n", done.stderr
