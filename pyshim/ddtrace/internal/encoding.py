"""Spans as JSON, and the encoders of traces by version."""

from __future__ import annotations

import json
from typing import Any

from ddtrace.internal._encoding import ListStringTable, MsgpackEncoderV04, MsgpackEncoderV05

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ddtrace._trace.span import Span

__all__ = [
    "MSGPACK_ENCODERS",
    "JSONEncoder",
    "JSONEncoderV2",
    "ListStringTable",
    "MsgpackEncoderV04",
    "MsgpackEncoderV05",
]

MSGPACK_ENCODERS = {"v0.4": MsgpackEncoderV04, "v0.5": MsgpackEncoderV05}


def _json_dumps_bytes(obj: object) -> bytes:
    return json.dumps(obj).encode("utf-8")


class _EncoderBase:
    """What encoders of lists of spans share."""

    def encode_traces(self, traces: Sequence[Sequence[Span]]) -> str:
        """Traces as text."""
        raise NotImplementedError()

    def encode(self, obj: list[list[Any]]) -> tuple[str, int]:
        """Anything as text, and the number of traces."""
        raise NotImplementedError()

    @staticmethod
    def _span_to_dict(span: Span) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "trace_id": span._trace_id_64bits,
            "parent_id": span.parent_id,
            "span_id": span.span_id,
            "service": span.service,
            "resource": span.resource,
            "name": span.name,
            "error": span.error,
        }
        if span.start_ns:
            fields["start"] = span.start_ns
        if span.duration_ns:
            fields["duration"] = span.duration_ns
        tags, numbers = span.get_tags(), span.get_metrics()
        if tags:
            fields["meta"] = tags
        if numbers:
            fields["metrics"] = numbers
        if span.span_type:
            fields["type"] = span.span_type
        if span._has_links():
            fields["span_links"] = [link.to_dict() for link in span._get_links()]
        return fields


class JSONEncoder(_EncoderBase):
    """Traces as JSON."""

    content_type = "application/json"

    def encode_traces(self, traces: Sequence[Sequence[Span]]) -> str:
        """Traces as a list of lists."""
        return self.encode(
            [[self._normalize_span(self._span_to_dict(span)) for span in trace] for trace in traces]
        )[0]

    def encode(self, obj: Any) -> tuple[str, int]:
        """Anything as JSON."""
        return json.dumps(obj), len(obj)

    @staticmethod
    def _normalize_span(span: dict[str, Any]) -> dict[str, Any]:
        for field in ("resource", "name", "service"):
            span[field] = JSONEncoder._normalize_str(span[field])
        return span

    @staticmethod
    def _normalize_str(obj: Any) -> str | None:
        if obj is None or isinstance(obj, str):
            return obj
        if isinstance(obj, bytes):
            return obj.decode("utf-8", errors="backslashreplace")
        raise TypeError(f"Expected str or bytes but received {type(obj)}")


class JSONEncoderV2(JSONEncoder):
    """Traces as JSON whose ids are hexadecimal."""

    def encode_traces(self, traces: Sequence[Sequence[Span]]) -> str:
        """Traces as a list of lists, under `traces`."""
        converted = [[self._convert_span(span) for span in trace] for trace in traces]
        return self.encode({"traces": converted})[0]

    @staticmethod
    def _convert_span(span: Span) -> dict[str, Any]:
        fields = JSONEncoderV2._normalize_span(JSONEncoderV2._span_to_dict(span))
        for name in ("trace_id", "parent_id", "span_id"):
            fields[name] = JSONEncoderV2._encode_id_to_hex(fields[name])
        return fields

    @staticmethod
    def _encode_id_to_hex(dd_id: int | None) -> str:
        return f"{dd_id or 0:016X}"
