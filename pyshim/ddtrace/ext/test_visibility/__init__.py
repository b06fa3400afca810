"""Names of test visibility."""

from enum import IntEnum


class ITR_SKIPPING_LEVEL(IntEnum):
    """What is skipped when nothing of it has changed: single tests or whole suites."""

    TEST = 0
    SUITE = 1


def get_version() -> str:
    """The version of the interface."""
    return "0.0.1"
