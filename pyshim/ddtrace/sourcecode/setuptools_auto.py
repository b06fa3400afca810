"""Importing it in `setup.py` makes the package tell where its source code is kept.

`setup()` then adds the project URL `source_code_link`.
"""

from __future__ import annotations

import distutils.core as distutils_core
from typing import Any

import setuptools  # type: ignore[import-untyped]

from ddtrace.sourcecode._utils import get_source_code_link


def _patch(module: Any) -> None:
    original = module.setup

    def setup(**arguments: Any) -> Any:
        urls = arguments.setdefault("project_urls", {})
        urls["source_code_link"] = get_source_code_link()
        return original(**arguments)

    module.setup = setup


_patch(distutils_core)
_patch(setuptools)
