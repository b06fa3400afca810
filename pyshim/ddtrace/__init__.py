"""Tracing of Python programs, native in this interpreter.

>>> from ddtrace.trace import tracer
>>> with tracer.trace("work"):
...     pass

What is not asked for is not imported: names below this package come in when they are first used.
"""

import sys as _sys

from ddtrace import _contrib
from ddtrace.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ddtrace._monkey import patch as patch
    from ddtrace._monkey import patch_all as patch_all
    from ddtrace._trace.tracer import tracer as tracer
    from ddtrace.internal.settings._config import config as config

__all__ = ["DDTraceDeprecationWarning", "__version__", "config", "patch", "patch_all"]


class DDTraceDeprecationWarning(DeprecationWarning):
    """Something used here will go away."""


# What the program has put into the environment by now counts.
_contrib.look_again()

if "logging" in _sys.modules:  # else it is set up with our first record
    from ddtrace._logger import configure_ddtrace_logger as _configure

    _configure()

_NAMES = {
    "config": "ddtrace.internal.settings._config",
    "patch": "ddtrace._monkey",
    "patch_all": "ddtrace._monkey",
    "tracer": "ddtrace._trace.tracer",
}
_PACKAGES = ("_monkey", "_trace", "constants", "ext", "internal", "trace", "vendor", "version")


def __getattr__(name: str) -> "Any":
    if name in _NAMES:
        module = __import__(_NAMES[name], fromlist=[name])
        value = globals()[name] = getattr(module, name)
        return value
    if name in _PACKAGES:
        return __import__(f"ddtrace.{name}", fromlist=["*"])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> "list[str]":
    return sorted({*globals(), *_NAMES, *_PACKAGES})
