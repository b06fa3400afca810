"""Connections to an agent, over TCP, TLS or a socket of the machine."""

from __future__ import annotations

import http.client
import socket
from typing import Any
from urllib.parse import urlsplit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class ConnectionFailedError(ConnectionError):
    """Nobody answers there."""


class _LocalConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class HTTPConnection:
    """A connection to the place that a URL names; its path is put before those of requests."""

    def __init__(self, url: str, timeout: float = 2.0) -> None:
        parts = urlsplit(url)
        self._base = "" if parts.scheme == "unix" else parts.path.rstrip("/")
        self._client: http.client.HTTPConnection
        if parts.scheme == "unix":
            self._client = _LocalConnection(parts.path, timeout)
        elif parts.scheme == "https":
            self._client = http.client.HTTPSConnection(
                parts.hostname or "", parts.port, timeout=timeout
            )
        else:
            self._client = http.client.HTTPConnection(
                parts.hostname or "", parts.port, timeout=timeout
            )

    def request(
        self, method: str, url: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> None:
        """Sends a request."""
        path = f"{self._base}/{url.lstrip('/')}"
        try:
            self._client.request(method, path, body, dict(headers or {}))
        except OSError as error:
            raise ConnectionFailedError(str(error)) from error

    def getresponse(self) -> http.client.HTTPResponse:
        """The answer to the request sent last."""
        return self._client.getresponse()

    def close(self) -> None:
        """Lets go of the connection."""
        self._client.close()
