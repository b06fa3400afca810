"""What an installed ddtrace names as its pytest plugin.

pytest loads it by the metadata of the installed package; the module it gets is this one. It takes the
plugin's options, so that they may stand in ``pytest.ini``. Tests are not reported: Test Optimization is
not part of ddpython yet.
"""

from typing import Any

import pytest


def pytest_addoption(parser: Any) -> None:
    """Options and ini options of the plugin."""
    group = parser.getgroup("ddtrace")
    for name, text in (
        ("ddtrace", "Enable Datadog Test Optimization."),
        ("no-ddtrace", "Disable Datadog Test Optimization, whatever the ini file says."),
        ("ddtrace-patch-all", "Trace the libraries that tests use."),
    ):
        group.addoption("--" + name, action="store_true", dest=name, default=False, help=text)
        parser.addini(name, text, type="bool")


def pytest_configure(config: Any) -> None:
    """The marker of the plugin."""
    config.addinivalue_line("markers", "dd_tags(**kwargs): add tags to the current span")


@pytest.fixture(scope="function")
def ddspan(request: Any) -> Any:
    """The span of the current test: none, tests are not reported."""
    return None


@pytest.fixture(scope="session")
def ddtracer() -> Any:
    """The tracer."""
    from ddtrace.trace import tracer

    return tracer
