"""Tracing of Celery applications."""

from typing import TypeVar

import celery as _celery  # type: ignore[import-not-found]  # what is traced has to be there

from ddtrace._monkey import patch as _patch

App = TypeVar("App")
_LIBRARY = _celery.__name__


def patch_app(app: App, pin: object = None) -> App:
    """The application; tasks of all applications are traced from now on."""
    _patch(**{_LIBRARY: True})
    return app


def unpatch_app(app: App) -> App:
    """The application, as it is."""
    return app
