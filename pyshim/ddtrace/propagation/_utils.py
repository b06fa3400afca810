"""Names of headers in the environment of WSGI."""

from __future__ import annotations

_NO_PREFIX = ("CONTENT_TYPE", "CONTENT_LENGTH")


def get_wsgi_header(header: str) -> str:
    """The key of a header: "x-a" is at "HTTP_X_A"."""
    return "HTTP_" + header.upper().replace("-", "_")


def from_wsgi_header(header: str) -> str | None:
    """The header that a key stands for; None for what is no header."""
    if header.startswith("HTTP_"):
        header = header[len("HTTP_") :]
    elif header not in _NO_PREFIX:
        return None
    return header.replace("_", "-").title()
