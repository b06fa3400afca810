"""The launcher under test sends what the reference sends and prints what plain python prints.

DD_LAUNCHER=build/host/ddpython3.11 pytest tests/conformance [-k flask]
"""

from __future__ import annotations

import pytest
from agent import Agent
from capture import Launcher, capture
from compare import differences, expectation, shortened
from table import CASES, KNOWN


PARAMETERS = [
    pytest.param(name, marks=pytest.mark.xfail(reason=KNOWN[name], strict=True))
    if name in KNOWN
    else name
    for name in CASES
]


@pytest.mark.parametrize("name", PARAMETERS)
def test_is_like_the_reference(name: str, launcher: Launcher, agent: Agent) -> None:
    for _ in range(CASES[name].attempts):
        lines = differences(expectation(name), capture(CASES[name], launcher, agent))
        if not lines:
            return
    pytest.fail(f"{name}:\n{shortened(lines)}", pytrace=False)


def test_every_expectation_has_a_case() -> None:
    from capture import EXPECTED

    assert KNOWN.keys() <= CASES.keys()
    assert {path.stem for path in EXPECTED.glob("*.json")} == set(CASES)
