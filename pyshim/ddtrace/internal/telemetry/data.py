"""What messages say about the application and the host."""

from __future__ import annotations

import platform
import sys
import sysconfig
from typing import Any

from ddtrace import _contrib
from ddtrace.internal.hostname import get_hostname
from ddtrace.version import __version__

_BUILD = ("SOABI", "HOST_GNU_TYPE", "BUILD_GNU_TYPE")


def get_application(service: str, version: str, env: str) -> dict[str, Any]:
    """Service, version and environment, with the language's and the tracer's."""
    language = ".".join(str(part) for part in sys.version_info[:3])
    return {
        "service_name": service,
        "service_version": version,
        "env": env,
        "language_name": "python",
        "language_version": language,
        "tracer_version": __version__,
        "runtime_name": platform.python_implementation(),
        "runtime_version": language,
        "process_tags": _contrib.process_tags(),
    }


def get_host_info() -> dict[str, Any]:
    """The operating system, its kernel, and the name of the host."""
    system = platform.uname()
    return {
        "os": system.system,
        "hostname": get_hostname(),
        "os_version": "",
        "architecture": system.machine,
        "kernel_name": system.system,
        "kernel_release": system.release,
        "kernel_version": system.version,
        "container_id": "",
    }


def get_python_config_vars() -> list[tuple[str, str, str]]:
    """How the interpreter was built: (name, value, origin)."""
    return [
        (f"python_{name.lower()}", str(sysconfig.get_config_var(name) or ""), "unknown")
        for name in _BUILD
    ]
