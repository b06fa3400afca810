"""The name of this machine."""

import os

from ddtrace.internal.settings.env import env

_hostname = ""


def get_hostname() -> str:
    """DD_HOSTNAME, or what the machine calls itself."""
    global _hostname
    if not _hostname:
        _hostname = env.get("DD_HOSTNAME", "") or os.uname().nodename
    return _hostname


def _reset() -> None:
    global _hostname
    _hostname = ""
