"""How a test ended, and where it is written."""

from __future__ import annotations

import dataclasses
from enum import Enum
from pathlib import Path
from types import TracebackType

from ddtrace.ext.test import Status as _Status
from ddtrace.ext.test_visibility._test_visibility_base import TestSourceFileInfoBase


class TestStatus(Enum):
    """How a test ended."""

    __test__ = False
    PASS = _Status.PASS.value
    FAIL = _Status.FAIL.value
    SKIP = _Status.SKIP.value
    XFAIL = _Status.XFAIL.value
    XPASS = _Status.XPASS.value


@dataclasses.dataclass(frozen=True)
class TestExcInfo:
    """What a test raised."""

    __test__ = False
    exc_type: type[BaseException]
    exc_value: BaseException
    exc_traceback: TracebackType


@dataclasses.dataclass(frozen=True)
class TestSourceFileInfo(TestSourceFileInfoBase):
    """The file of a test, and its lines from 1 on."""

    __test__ = False
    path: Path
    start_line: int | None = None
    end_line: int | None = None
