"""Integrations by name: `ddtrace.contrib.internal.flask.patch` has `patch()` and `unpatch()`.

There is a package for each integration this interpreter has; what it does is native.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

from ddtrace import _contrib


class _Integrations:
    """Finds `ddtrace.contrib.internal.<name>` and its module `patch`."""

    @classmethod
    def find_spec(
        cls, fullname: str, path: object = None, target: object = None
    ) -> ModuleSpec | None:
        if not fullname.startswith(__name__ + "."):
            return None
        name, _, rest = fullname[len(__name__) + 1 :].partition(".")
        if rest not in ("", "patch") or name not in _contrib.states():
            return None
        return ModuleSpec(fullname, cls(name), is_package=not rest)  # type: ignore[arg-type]

    def __init__(self, name: str) -> None:
        self._name = name

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        if not module.__name__.endswith(".patch"):
            module.__doc__ = f"The integration {self._name}."
            return
        from ddtrace.contrib.internal import _patch

        module.__doc__ = f"Switches the integration {self._name} on and off."
        module.__dict__.update(_patch.functions_of(self._name))


sys.meta_path.append(_Integrations)
