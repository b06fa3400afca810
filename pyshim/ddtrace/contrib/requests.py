"""A session of `requests` that is traced."""

from __future__ import annotations

import requests
import requests.sessions

from ddtrace import _contrib

__all__ = ["TracedSession"]


class TracedSession(requests.sessions.Session):
    """A session whose requests are traced, whatever the switches say."""

    def __init__(self) -> None:
        super().__init__()
        # Sessions are hooked where all of them send.
        if not _contrib.states()["requests"][2]:
            _contrib.patch("requests")
