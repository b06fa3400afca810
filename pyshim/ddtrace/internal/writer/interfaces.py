"""What a writer of traces has to have."""

from __future__ import annotations

import abc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ddtrace._trace.span import Span


class TraceWriter(metaclass=abc.ABCMeta):
    """Takes traces and sends them somewhere."""

    @abc.abstractmethod
    def recreate(
        self, appsec_enabled: bool | None = None, llmobs_enabled: bool | None = None
    ) -> TraceWriter:
        """Another one, with what this one was made with."""

    @abc.abstractmethod
    def stop(self, timeout: float | None = None) -> None:
        """Sends what is waiting and stops."""

    @abc.abstractmethod
    def write(self, spans: Sequence[Span] | None = None) -> None:
        """Takes the spans of a trace."""

    @abc.abstractmethod
    def flush_queue(self) -> None:
        """Sends what is waiting."""


class AgentWriterInterface(metaclass=abc.ABCMeta):
    """A writer to an agent."""

    @abc.abstractmethod
    def set_test_session_token(self, token: str | None) -> None:
        """The session of a test agent its requests belong to."""

    @abc.abstractmethod
    def flush_queue(self, raise_exc: bool = False) -> None:
        """Sends what is waiting."""
