"""Configurations from afar, for programs: see `ddtrace.internal.remoteconfig.worker.remoteconfig_poller`."""

import abc
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Dict, Optional

PayloadType = Optional[Dict[str, Any]]


@dataclass(eq=True, unsafe_hash=True)
class ConfigMetadata:
    """What is known of a configuration besides its content."""

    id: str
    product_name: str
    sha256_hash: Optional[str]
    length: Optional[int]
    tuf_version: Optional[int]
    apply_state: Optional[int] = 1
    apply_error: Optional[str] = None


@dataclass
class Payload:
    """A configuration that has come or changed; without content: one that has gone."""

    metadata: ConfigMetadata
    path: str
    content: PayloadType


class RCCallback(abc.ABC):
    """What a product is called with."""

    @abc.abstractmethod
    def __call__(self, payloads: Sequence[Payload]) -> None:
        """Take what is new. An exception is told to the agent as an error of these configurations."""

    def periodic(self) -> None:
        """Called after each delivery to any product."""


__all__ = ["ConfigMetadata", "Payload", "PayloadType", "RCCallback"]
