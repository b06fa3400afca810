"""Versions of packages."""

from __future__ import annotations

import re

from ddtrace.version import __version__ as version

__all__ = ["parse_version", "version"]

_RELEASE = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?")


def parse_version(version: str) -> tuple[int, int, int]:
    """The first three numbers of a version, zeroes for what is missing or cannot be read.

    >>> parse_version("1.2.3rc1")
    (1, 2, 3)
    """
    found = _RELEASE.match(version)
    if found is None:
        return (0, 0, 0)
    major, minor, micro = (int(part or 0) for part in found.groups())
    return (major, minor, micro)


def _pep440_to_semver(version: str | None = None) -> str:
    """A version as semantic versioning writes it: "1.2.3rc1" becomes "1.2.3-rc1"."""
    text = version or __import__("ddtrace.version", fromlist=["__version__"]).__version__
    text = re.sub(r"(\d)(rc\d+)", r"\1-\2", text)
    return re.sub(r"\.(dev\d+)", r"-\1", text)
