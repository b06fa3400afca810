"""The class of calls that programs make."""

from __future__ import annotations

import contextlib

from ddtrace.ext import SpanTypes
from ddtrace.internal.logger import get_logger

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from ddtrace._native import Span

log = get_logger(__name__)


class LLMObsExportSpanError(Exception):
    """There is no span to export."""


class LLMObsAnnotateSpanError(Exception):
    """There is no span to annotate."""


class LLMObs:
    """Starts spans of LLM applications. It is never enabled."""

    enabled = False

    @classmethod
    def enable(cls, *args: Any, **kwargs: Any) -> None:
        """Logs that only spans are recorded."""
        log.warning("this ddpython has no LLM Observability; calls make spans and nothing else")

    @classmethod
    def disable(cls) -> None:
        """It is not enabled."""

    @classmethod
    def flush(cls) -> None:
        """Nothing is waiting."""

    @classmethod
    def _start(cls, kind: str, name: str | None) -> Span:
        from ddtrace.trace import tracer

        return tracer.trace(name or kind, resource=kind, span_type=SpanTypes.LLM)

    @classmethod
    def llm(cls, *args: Any, name: str | None = None, **kwargs: Any) -> Span:
        """A call of a model."""
        return cls._start("llm", name or (args[1] if len(args) > 1 else None))

    @classmethod
    def embedding(cls, *args: Any, name: str | None = None, **kwargs: Any) -> Span:
        """A call that makes an embedding."""
        return cls._start("embedding", name or (args[1] if len(args) > 1 else None))

    @classmethod
    def workflow(cls, name: str | None = None, *args: Any, **kwargs: Any) -> Span:
        """A fixed sequence of steps."""
        return cls._start("workflow", name)

    @classmethod
    def agent(cls, name: str | None = None, *args: Any, **kwargs: Any) -> Span:
        """A sequence of steps that a model chooses."""
        return cls._start("agent", name)

    @classmethod
    def task(cls, name: str | None = None, *args: Any, **kwargs: Any) -> Span:
        """A step of its own."""
        return cls._start("task", name)

    @classmethod
    def tool(cls, name: str | None = None, *args: Any, **kwargs: Any) -> Span:
        """A call of a tool."""
        return cls._start("tool", name)

    @classmethod
    def retrieval(cls, name: str | None = None, *args: Any, **kwargs: Any) -> Span:
        """A search for documents."""
        return cls._start("retrieval", name)

    @classmethod
    def annotate(cls, *args: Any, **kwargs: Any) -> None:
        """What would be recorded about a span is not."""

    @classmethod
    @contextlib.contextmanager
    def annotation_context(cls, *args: Any, **kwargs: Any) -> Iterator[None]:
        """What would be recorded about spans inside is not."""
        yield

    @classmethod
    def export_span(cls, span: Span | None = None) -> dict[str, str] | None:
        """Nothing: no span is known to the product."""

    @classmethod
    def submit_evaluation(cls, *args: Any, **kwargs: Any) -> None:
        """It is not sent."""

    @classmethod
    def inject_distributed_headers(
        cls, request_headers: dict[str, str], span: Span | None = None
    ) -> dict[str, str]:
        """The headers, as they are."""
        return request_headers

    @classmethod
    def activate_distributed_headers(cls, request_headers: Mapping[str, str]) -> None:
        """Nothing is taken from them."""
