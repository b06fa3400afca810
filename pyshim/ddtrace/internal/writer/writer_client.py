"""What a writer sends to: the place at the agent and the encoder of its form."""

from __future__ import annotations

from typing import Any

from ddtrace.internal.encoding import MSGPACK_ENCODERS

__all__ = [
    "MSGPACK_ENCODERS",
    "WRITER_CLIENTS",
    "AgentWriterClientV4",
    "AgentWriterClientV5",
    "WriterClientBase",
]


class WriterClientBase:
    """A form of payload."""

    ENDPOINT = ""

    def __init__(self, encoder: Any) -> None:
        self.encoder = encoder


class AgentWriterClientV4(WriterClientBase):
    """Traces of v0.4."""

    ENDPOINT = "v0.4/traces"

    def __init__(self, buffer_size: int, max_payload_size: int) -> None:
        super().__init__(MSGPACK_ENCODERS["v0.4"](buffer_size, max_payload_size))


class AgentWriterClientV5(WriterClientBase):
    """Traces of v0.5."""

    ENDPOINT = "v0.5/traces"

    def __init__(self, buffer_size: int, max_payload_size: int) -> None:
        super().__init__(MSGPACK_ENCODERS["v0.5"](buffer_size, max_payload_size))


WRITER_CLIENTS = {"v0.4": AgentWriterClientV4, "v0.5": AgentWriterClientV5}
