"""Sends the payloads of writers that programs make; the work is native."""

from __future__ import annotations

from http import HTTPStatus

from ddtrace import _native
from ddtrace.internal.native import _errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_ATTEMPTS = 6


class AgentResponse:
    """What an agent says to traces: the share of each service's that it wants."""

    def __init__(self, rate_by_service: Mapping[str, float]) -> None:
        self.rate_by_service = dict(rate_by_service)


class TraceExporter:
    """Brings payloads to one place of an agent."""

    def __init__(self, url: str, target: str, headers: Mapping[str, str], timeout: float) -> None:
        self._url = url
        self._target = f"/{target}"
        self._headers = dict(headers)
        self._timeout = timeout
        self._ended = False

    def send(self, data: bytes, count: int = 1) -> str:
        """Sends a payload of so many traces, again when it is not taken; the agent's answer."""
        if self._ended:
            raise ValueError("this exporter has ended")
        headers = {**self._headers, "X-Datadog-Trace-Count": str(count)}
        status, body, problem = _native.post(
            self._url, self._target, headers, data, _ATTEMPTS, self._timeout
        )
        text = body.decode("utf-8", "replace")
        if status == 0:
            late = "timeout" in problem or "timed out" in problem
            raise (_errors.IoError if late else _errors.NetworkError)(f"Network error: {problem}")
        if status >= 300:
            raise _errors.RequestError(f"Error code: {_with_words(status)}, Response: {text}")
        if not text:
            raise _errors.AgentError("the agent's answer is empty")
        return text

    def shutdown(self, timeout_ns: int = 0) -> None:
        """Nothing can be sent after it."""
        if self._ended:
            raise ValueError("this exporter has ended")
        self._ended = True

    def drop(self) -> None:
        """Lets go of it."""
        self._ended = True

    def debug(self) -> str:
        """Says where payloads go."""
        return f"TraceExporter({self._url}{self._target})"


def _with_words(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def rates_of(answer: str) -> dict[str, float] | None:
    """The rates that an agent's answer tells; None when it tells none."""
    import json

    try:
        rates = json.loads(answer)["rate_by_service"]
        return {str(key): float(rate) for key, rate in rates.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
