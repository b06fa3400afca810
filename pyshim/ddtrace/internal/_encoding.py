"""Spans as MessagePack, for programs that encode traces themselves; the tracer does it natively."""

from __future__ import annotations

import json
import os
from typing import Any

from ddtrace._native import pack
from ddtrace.internal.utils.formats import asbool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ddtrace._trace.span import Span

MAX_SPAN_META_VALUE_LEN = 25000
TRUNCATED_SPAN_ATTRIBUTE_LEN = 2500
ORIGIN_KEY = "_dd.origin"
SPAN_EVENTS_KEY = "events"
SPAN_LINKS_KEY = "_dd.span_links"
_CUT = "<truncated>..."
_NATIVE_FLAGS = 1 << 31


class BufferFull(Exception):
    """There is no room for what was put."""


class BufferItemTooLarge(Exception):
    """What was put is larger than one item may be."""


def packb(o: Any, **kwargs: Any) -> bytes:
    """A value as MessagePack; what cannot be written becomes a text that names its type."""
    return pack(o)


class Packer:
    """Collects values as MessagePack."""

    def __init__(self, **kwargs: Any) -> None:
        self._out = bytearray()

    def pack(self, obj: Any) -> bytes:
        """A value."""
        return pack(obj)

    def bytes(self) -> bytes:
        """What was collected."""
        return bytes(self._out)


def _header(count: int, short: int, wide: int) -> bytes:
    if count < 16:
        return bytes([short | count])
    if count < 1 << 16:
        return bytes([wide]) + count.to_bytes(2, "big")
    return bytes([wide + 1]) + count.to_bytes(4, "big")


def _array(count: int) -> bytes:
    return _header(count, 0x90, 0xDC)


def _text(value: Any) -> Any:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        if len(value) > MAX_SPAN_META_VALUE_LEN:
            value = value[: TRUNCATED_SPAN_ATTRIBUTE_LEN - len(_CUT)] + _CUT
        return str(value)
    return value


class BufferedEncoder:
    """Collects items up to a size."""

    content_type: str | None = None

    def __init__(self, max_size: int, max_item_size: int) -> None:
        self._max_size = max_size
        self._max_item_size = max_item_size

    @property
    def max_size(self) -> int:
        """Bytes that all items may take."""
        return self._max_size

    @property
    def max_item_size(self) -> int:
        """Bytes that one item may take."""
        return self._max_item_size

    def put(self, item: Any) -> None:
        """Takes an item, or raises BufferFull or BufferItemTooLarge."""
        raise NotImplementedError()

    def encode(self) -> Any:
        """What was collected."""
        raise NotImplementedError()

    def _check(self, item: int, size: int) -> None:
        if item > min(self._max_item_size, self._max_size):
            raise BufferItemTooLarge(item)
        if size > self._max_size:
            raise BufferFull(item)


class ListBufferedEncoder(BufferedEncoder):
    """Keeps encoded items in a list."""

    def __init__(self, max_size: int, max_item_size: int) -> None:
        super().__init__(max_size, max_item_size)
        self._items: list[bytes] = []
        self._size = 0

    def __len__(self) -> int:
        return len(self._items)

    @property
    def size(self) -> int:
        """Bytes of the items."""
        return self._size

    def put(self, item: Any) -> None:
        """Takes an item, or raises BufferFull or BufferItemTooLarge."""
        encoded = self.encode_item(item)
        self._check(len(encoded), self._size + len(encoded))
        self._items.append(encoded)
        self._size += len(encoded)

    def get(self) -> list[bytes]:
        """The items; the encoder is empty afterwards."""
        items, self._items, self._size = self._items, [], 0
        return items

    def encode_item(self, item: Any) -> bytes:
        """One item in its form."""
        raise NotImplementedError()


class StringTable:
    """Each text once, by its place."""

    def __init__(self) -> None:
        self._places: dict[Any, int] = {"": 0}

    def index(self, string: Any) -> int:
        """The place of a text; that of the empty one for None."""
        if string is None:
            return 0
        return self._places.setdefault(string, len(self._places))

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, string: object) -> bool:
        return string in self._places

    def __iter__(self) -> Iterator[Any]:
        return iter(self._places)


class ListStringTable(StringTable):
    """Texts by place."""


class MsgpackStringTable(StringTable):
    """Texts by place, as the head of a payload."""

    def __init__(self, max_size: int) -> None:
        super().__init__()
        self._max_size = max_size
        self._bytes = 1
        self.index(ORIGIN_KEY)

    def index(self, string: Any) -> int:
        """The place of a text; ValueError when the table is full."""
        string = _text(string)
        if string is None or string in self._places:
            return super().index(string)
        encoded = len(pack(string))
        if self.size + encoded > self._max_size:
            raise ValueError(
                f"Cannot insert {string!r}: string table is full (current size: {self.size}, "
                f"size after insert: {self.size + encoded}, max size: {self._max_size})."
            )
        self._bytes += encoded
        return super().index(string)

    @property
    def size(self) -> int:
        """Bytes of the encoded table."""
        return self._bytes + len(_array(len(self))) + 1

    def flush(self) -> bytes:
        """The encoded table with the mark of a payload before it; new afterwards."""
        encoded = b"\x92" + _array(len(self)) + b"".join(pack(text) for text in self._places)
        self._places = {"": 0}
        self._bytes = 1
        self.index(ORIGIN_KEY)
        return encoded


class MsgpackEncoderBase(BufferedEncoder):
    """Collects traces, each a list of spans."""

    content_type = "application/msgpack"
    metrics_are_real = False  # as they are on their way to an agent

    def __init__(self, max_size: int, max_item_size: int) -> None:
        super().__init__(max_size, max_item_size)
        self._traces: list[bytes] = []

    def __len__(self) -> int:
        return len(self._traces)

    @property
    def size(self) -> int:
        """Bytes of the payload as it is now."""
        return len(_array(len(self))) + sum(map(len, self._traces))

    def encode(self) -> list[tuple[bytes | None, int]]:
        """The payload and the number of its traces; nothing when there are none."""
        return self.flush() if self._traces else []

    def flush(self) -> list[tuple[bytes | None, int]]:
        """The payload and the number of its traces; the encoder is empty afterwards."""
        traces, self._traces = self._traces, []
        return [(_array(len(traces)) + b"".join(traces), len(traces))]

    def put(self, trace: list[Span]) -> None:
        """Takes a trace, or raises BufferFull or BufferItemTooLarge."""
        if not isinstance(trace, list):
            raise TypeError(
                "Argument 'trace' has incorrect type "
                f"(expected list, got {type(trace).__name__})"
            )
        if not trace:
            self._traces.append(_array(0))
            return
        origin, trace_id, before = trace[0].context.dd_origin, trace[0]._trace_id_64bits, self.size
        spans = [self._encode(span, trace_id, origin) for span in trace]
        encoded = _array(len(spans)) + b"".join(spans)
        grown = self.size + len(encoded)
        self._check(grown - before, grown)
        self._traces.append(encoded)

    def _numbers(self, span: Span) -> dict[str, int | float]:
        numbers = span.get_metrics()
        if self.metrics_are_real:
            return {key: float(value) for key, value in numbers.items()}
        return numbers

    def _encode(self, span: Span, trace_id: int, origin: str | None) -> bytes:
        raise NotImplementedError()


def _event_json(span: Span) -> str:
    return json.dumps([dict(event) for event in span._get_events()])


def _tags(span: Span, origin: str | None) -> dict[str, str]:
    tags = {_text(key): _text(value) for key, value in span.get_tags().items()}
    if origin:
        tags[ORIGIN_KEY] = _text(origin)
    return tags


class MsgpackEncoderV04(MsgpackEncoderBase):
    """Traces in the form of v0.4: a map each span."""

    def _encode(self, span: Span, trace_id: int, origin: str | None) -> bytes:
        fields: dict[str, Any] = {"trace_id": trace_id}
        if span.parent_id:
            fields["parent_id"] = span.parent_id
        fields["span_id"] = span.span_id
        fields["service"] = _text(span.service)
        fields["resource"] = _text(span.resource)
        fields["name"] = _text(span.name)
        fields["start"] = span.start_ns
        fields["duration"] = span.duration_ns
        if span.error:
            fields["error"] = 1
        if span.span_type:
            fields["type"] = _text(span.span_type)
        if span._has_links():
            fields["span_links"] = [_link(link) for link in span._get_links()]
        tags = _tags(span, origin)
        if span._has_events():
            if asbool(os.environ.get("DD_TRACE_NATIVE_SPAN_EVENTS", "false")):
                fields["span_events"] = [_event(event) for event in span._get_events()]
            else:
                tags[SPAN_EVENTS_KEY] = _event_json(span)
        if tags:
            fields["meta"] = tags
        if span._has_meta_structs():
            structs = span._get_meta_structs()
            fields["meta_struct"] = {key: pack(value) for key, value in structs.items()}
        numbers = self._numbers(span)
        if numbers:
            fields["metrics"] = numbers
        return pack(fields)


def _link(link: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "trace_id": link.trace_id & (1 << 64) - 1,
        "span_id": link.span_id,
    }
    if link.trace_id >> 64:
        fields["trace_id_high"] = link.trace_id >> 64
    if link.attributes:
        fields["attributes"] = dict(link.attributes)
    if link.tracestate:
        fields["tracestate"] = link.tracestate
    if link.flags is not None:
        fields["flags"] = link.flags | _NATIVE_FLAGS
    return fields


def _event(event: Any) -> dict[str, Any]:
    fields = {"name": event.name, "time_unix_nano": event.time_unix_nano}
    if event.attributes:
        fields["attributes"] = {key: _value(value) for key, value in event.attributes.items()}
    return fields


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, list):
        return {"type": 4, "array_value": {"values": [_value(item) for item in value]}}
    if isinstance(value, bool):
        return {"type": 1, "bool_value": value}
    if isinstance(value, int):
        return {"type": 2, "int_value": value}
    if isinstance(value, float):
        return {"type": 3, "double_value": value}
    return {"type": 0, "string_value": str(value)}


class MsgpackEncoderV05(MsgpackEncoderBase):
    """Traces in the form of v0.5: a table of texts, and twelve values each span."""

    def __init__(self, max_size: int, max_item_size: int) -> None:
        super().__init__(max_size, max_item_size)
        self._table = MsgpackStringTable(max_size)

    @property
    def size(self) -> int:
        """Bytes of the payload as it is now."""
        return self._table.size + super().size

    def flush(self) -> list[tuple[bytes | None, int]]:
        """The payload and the number of its traces; the encoder is empty afterwards."""
        ((traces, count),) = super().flush()
        return [(self._table.flush() + (traces or b""), count)]

    def put(self, trace: list[Span]) -> None:
        """Takes a trace, or raises BufferFull or BufferItemTooLarge."""
        known = (dict(self._table._places), self._table._bytes)
        try:
            super().put(trace)
        except BaseException as error:
            self._table._places, self._table._bytes = known
            if isinstance(error, ValueError):
                raise BufferFull(0) from None
            raise

    def _encode(self, span: Span, trace_id: int, origin: str | None) -> bytes:
        index = self._table.index
        index(origin)
        tags = _tags(span, origin)
        if span._has_links():
            tags[SPAN_LINKS_KEY] = json.dumps([link.to_dict() for link in span._get_links()])
        if span._has_events():
            tags[SPAN_EVENTS_KEY] = _event_json(span)
        service, name, resource = index(span.service), index(span.name), index(span.resource)
        return b"\x9c" + b"".join(
            pack(value)
            for value in (
                service,
                name,
                resource,
                trace_id,
                span.span_id,
                span.parent_id or 0,
                span.start_ns,
                span.duration_ns or 0,
                1 if span.error else 0,
                {index(key): index(value) for key, value in tags.items()},
                {index(key): value for key, value in self._numbers(span).items()},
                index(span.span_type),
            )
        )
