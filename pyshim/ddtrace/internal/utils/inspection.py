"""What functions and code are made of."""

from __future__ import annotations

import dis
import gc
from collections import deque
from functools import lru_cache, singledispatch
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


@singledispatch
def linenos(_: Any) -> set[int]:
    """The lines of a function or of code."""
    raise NotImplementedError()


@linenos.register
def _(f: FunctionType) -> set[int]:
    return linenos(f.__code__)


@linenos.register
def _(code: CodeType) -> set[int]:
    skipped = code.co_firstlineno if code.co_code[:2] and _starts_with_resume(code) else None
    lines = [(at, line) for at, line in dis.findlinestarts(code) if line is not None]
    return {line for at, line in lines if line != skipped or not _is_prologue(code, line)}


def _starts_with_resume(code: CodeType) -> bool:
    return any(step.opname == "RESUME" for step in dis.get_instructions(code))


def _is_prologue(code: CodeType, line: int) -> bool:
    """Whether nothing but the start of a function is at its first line."""
    starts = ("RESUME", "MAKE_CELL", "COPY_FREE_VARS", "RETURN_GENERATOR", "POP_TOP", "GEN_START")
    at: int | None = None
    names = set()
    begins = dict(dis.findlinestarts(code))
    for step in dis.get_instructions(code):
        at = begins.get(step.offset, at)
        if at == line:
            names.add(step.opname)
    return names <= set(starts)


@lru_cache(maxsize=1024)
def _filename_to_resolved_path(filename: str) -> Path:
    return Path(filename).resolve()


def resolved_code_origin(code: CodeType) -> Path:
    """The file that code comes from, without links."""
    return _filename_to_resolved_path(code.co_filename)


def undecorated(f: FunctionType, name: str, path: Path) -> FunctionType:
    """The function of this name and file inside of its decorators; `f` when there is none."""

    def matches(function: FunctionType) -> bool:
        return function.__code__.co_name == name and resolved_code_origin(function.__code__) == path

    seen: set[int] = set()
    waiting: deque[Any] = deque([f])
    while waiting:
        candidate = waiting.popleft()
        if id(candidate) in seen:
            continue
        seen.add(id(candidate))
        candidate = getattr(candidate, "__func__", candidate)
        if not isinstance(candidate, FunctionType):
            inner = getattr(candidate, "__wrapped__", None)
            if inner is not None:
                waiting.append(inner)
            continue
        if matches(candidate):
            return candidate
        waiting.extend(vars(candidate).values())
        for cell in candidate.__closure__ or ():
            try:
                waiting.append(cell.cell_contents)
            except ValueError:
                continue
    return f


def collect_code_objects(code: CodeType) -> Iterator[CodeType]:
    """The code inside of code, the outer before the inner."""
    waiting = deque([code])
    while waiting:
        for constant in waiting.popleft().co_consts:
            if isinstance(constant, CodeType):
                yield constant
                waiting.append(constant)


def functions_for_code(code: CodeType) -> list[FunctionType]:
    """The functions that run this code."""
    return [
        function
        for function in gc.get_referrers(code)
        if isinstance(function, FunctionType) and function.__code__ is code
    ]
