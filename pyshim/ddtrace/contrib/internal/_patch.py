"""The functions of `ddtrace.contrib.internal.<name>.patch`."""

from __future__ import annotations

import sys

from ddtrace import _contrib, config
from ddtrace.internal._integrations import SUPPORTED, TRIGGERS, VERSIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _version(trigger: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    name, _, attribute = VERSIONS.get(trigger, trigger).partition(":")
    found = getattr(sys.modules.get(name), attribute or "__version__", None)
    if isinstance(found, str):
        return found.partition(" ")[0]
    try:
        return version(trigger)
    except PackageNotFoundError:
        return ""


def functions_of(name: str) -> dict[str, Any]:
    """What an integration's module has."""
    triggers = TRIGGERS.get(name, (name,))
    package, versions = _contrib.made_for(name) or (None, "")
    has_version = bool(package) or name in VERSIONS

    def patch() -> None:
        """Instruments the library; does nothing when it is."""
        _contrib.patch(name)

    def unpatch() -> None:
        """Puts the library back as it was."""
        _contrib.unpatch(name)

    def get_version() -> str:
        """The version of the library."""
        return _version(triggers[0]) if has_version and len(triggers) == 1 else ""

    def get_versions() -> dict[str, str]:
        """The versions of the libraries it is made for that are in use."""
        return {trigger: _version(trigger) for trigger in triggers if trigger in sys.modules}

    def _supported_versions() -> dict[str, str]:
        """The versions it is made for."""
        return SUPPORTED.get(name) or {triggers[0]: versions or "*"}

    functions = (patch, unpatch, get_version, get_versions, _supported_versions)
    for function in functions:
        function.__module__ = f"ddtrace.contrib.internal.{name}.patch"
        function.__qualname__ = function.__name__
    return {"config": config, **{function.__name__: function for function in functions}}
