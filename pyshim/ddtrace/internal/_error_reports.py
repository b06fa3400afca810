"""Errors that the package logs are told by telemetry, without what belongs to the application."""

from __future__ import annotations

import logging
import os

from ddtrace import _native

_MOST_FRAMES = 20
_HIDDEN = "  <REDACTED>\n    <REDACTED>"


def _known_name(path: str) -> str | None:
    """The name of a file of a library, without where it is installed; None for the program's own."""
    for folder in ("/site-packages/", "/dist-packages/"):
        if folder in path:
            return path.rpartition(folder)[2]
    if path.startswith("<frozen ddtrace"):
        return path
    library = os.path.dirname(os.__file__) + os.sep
    return path[len(library) :] if path.startswith(library) else None


def hidden_traceback(error: BaseException) -> str:
    """A traceback that shows frames of libraries only, and no message."""
    import traceback

    lines = ["Traceback (most recent call last):"]
    for frame in traceback.extract_tb(error.__traceback__)[-_MOST_FRAMES:]:
        name = _known_name(frame.filename)
        shown = f'  File "{name}", line {frame.lineno}, in {frame.name}\n    {frame.line}'
        lines.append(_HIDDEN if name is None else shown)
    kind = type(error)
    lines.append(f"{kind.__module__}.{kind.__qualname__}: <REDACTED>")
    return "\n".join(lines)


class DDTelemetryErrorHandler(logging.Handler):
    """Tells of each error the package logs: its format, not what is put into it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Reports errors; `extra={"send_to_telemetry": False}` keeps one back."""
        if record.levelno < logging.ERROR or not getattr(record, "send_to_telemetry", True):
            return
        error = record.exc_info[1] if record.exc_info else None
        kind = type(error).__name__.lower() if error is not None else "unknown"
        stack = hidden_traceback(error) if error is not None else ""
        _native.telemetry_log("ERROR", str(record.msg), f"error_type:{kind}", stack)
