"""What test frameworks share."""

from __future__ import annotations

import dataclasses
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class TestSourceFileInfoBase:
    """A file and lines of it; the lines are checked."""

    __test__ = False
    path: Path
    start_line: int | None = None
    end_line: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.path, Path) or not self.path.is_absolute():
            raise ValueError(f"path must be an absolute Path, not {self.path!r}")
        for line in (self.start_line, self.end_line):
            if line is not None and line < 1:
                raise ValueError(f"lines count from 1, not from {line}")
        if self.start_line and self.end_line and self.start_line > self.end_line:
            raise ValueError(f"line {self.end_line} comes before line {self.start_line}")
