"""The launcher under test sends what the reference sends and prints what plain python prints.

DD_LAUNCHER=build/host/ddpython3.11 pytest tests/conformance [-k flask]
"""

from __future__ import annotations

import pytest
from agent import Agent
from capture import Launcher, capture
from compare import differences, expectation, shortened
from table import CASES, KNOWN, one_of_each


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" not in metafunc.fixturenames:
        return
    names = one_of_each() if metafunc.config.getoption("--few") else list(CASES)
    known = {
        name: pytest.mark.xfail(reason=KNOWN[name], strict=True) for name in names if name in KNOWN
    }
    metafunc.parametrize(
        "case", [pytest.param(name, marks=known.get(name, ())) for name in names]
    )


def test_is_like_the_reference(case: str, launcher: Launcher, agent: Agent) -> None:
    name = case
    for _ in range(CASES[name].attempts):
        lines = differences(expectation(name), capture(CASES[name], launcher, agent))
        if not lines:
            return
    pytest.fail(f"{name}:\n{shortened(lines)}", pytrace=False)


def test_every_expectation_has_a_case() -> None:
    from capture import EXPECTED

    assert KNOWN.keys() <= CASES.keys()
    assert {path.stem for path in EXPECTED.glob("*.json")} == set(CASES)
