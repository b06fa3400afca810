"""Questions to the agent."""

from __future__ import annotations

import json
from typing import Any

from ddtrace.internal.http import HTTPConnection
from ddtrace.internal.settings._agent import config

AGENT_CHECK_INTERVAL = 60.0


def info(url: str | None = None) -> dict[str, Any] | None:
    """What the agent says of itself; None when it does not know the question."""
    client = HTTPConnection(
        url or config.trace_agent_url, timeout=config.trace_agent_timeout_seconds
    )
    try:
        client.request("GET", "info")
        answer = client.getresponse()
        body = answer.read()
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise ValueError(f"the agent answers {answer.status} to /info")
    finally:
        client.close()
    told = json.loads(body)
    return told if isinstance(told, dict) else None


def is_reachable() -> bool:
    """Whether it answers."""
    try:
        info()
    except Exception:
        return False
    return True
