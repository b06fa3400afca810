"""Which libraries are traced: `patch()` and what is behind it."""

from __future__ import annotations

from ddtrace import _contrib
from ddtrace.internal._integrations import DEFAULTS as PATCH_MODULES
from ddtrace.internal._integrations import TRIGGERS as _MODULES_FOR_CONTRIB

__all__ = [
    "IncompatibleModuleException",
    "ModuleNotFoundException",
    "PATCH_MODULES",
    "PatchException",
    "patch",
    "patch_all",
]

CONTRIB_DEPENDENCIES = {"tornado": ("futures",)}
_NOT_PATCHABLE_VIA_ENVVAR = {"ddtrace_api"}
_PATCHED_MODULES: set[str] = set()


class PatchException(Exception):
    """A library could not be instrumented."""


class ModuleNotFoundException(PatchException):
    """There is no integration of that name."""


class IncompatibleModuleException(PatchException):
    """The installed version of a library is none the integration is made for."""

    def __init__(self, message: str, installed_version: str | None = None) -> None:
        super().__init__(message)
        self.installed_version = installed_version


def _get_patched_modules() -> set[str]:
    """The integrations that were asked for."""
    return _PATCHED_MODULES


def is_version_compatible(version: str, supported_versions_spec: str) -> bool:
    """Whether a version is in a set of versions, ">=1.2,<3" or "*"."""
    for clause in supported_versions_spec.split(","):
        clause = clause.strip().rstrip("*").rstrip(".")
        if clause.startswith("~="):
            release = clause[2:].strip()
            prefix = release.rpartition(".")[0]
            above = _contrib.version_matches(version, f">={release}")
            if not above or not f"{version}.".startswith(f"{prefix}."):
                return False
        elif clause.startswith("==") and supported_versions_spec.rstrip().endswith("*"):
            if not f"{version}.".startswith(f"{clause[2:].strip()}."):
                return False
        elif clause and not _contrib.version_matches(version, clause):
            return False
    return True


def _patch_all(**patch_modules: bool) -> None:
    """Patches what is on by default, by the environment and by the arguments; never raises."""
    wanted = {name: _contrib.wanted(name, on) for name, on in PATCH_MODULES.items()}
    wanted.update(patch_modules)
    for name, others in CONTRIB_DEPENDENCIES.items():
        if wanted.get(name):
            wanted.update(dict.fromkeys(others, True))
    patch(raise_errors=False, **wanted)


def patch_all(**patch_modules: bool) -> None:
    """Use `import ddtrace.auto` instead, and `DD_PATCH_MODULES` to choose."""
    from ddtrace.internal.utils.deprecations import deprecate

    deprecate(
        "patch_all is deprecated and will be removed in a future version of the tracer.",
        message="""patch_all is deprecated in favor of ``import ddtrace.auto`` and ``DD_PATCH_MODULES``
        environment variable if needed.""",
    )
    _patch_all(**patch_modules)


def patch(raise_errors: bool = True, **patch_modules: bool | list[str]) -> None:
    """Instruments the named libraries, now or when they are imported.

    >>> patch(flask=True, requests=True)

    An unknown name raises `ModuleNotFoundException`, unless `raise_errors` is false. What is false
    is left alone.
    """
    here = _contrib.states()
    for name, wanted in patch_modules.items():
        if not wanted:
            continue
        if raise_errors and name not in PATCH_MODULES and name not in here:
            raise ModuleNotFoundException(f"{name} does not have automatic instrumentation")
        if name in here:
            _contrib.patch(name)
        _PATCHED_MODULES.add(name)
