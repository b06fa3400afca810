"""Marks of where messages pass. Data streams are not monitored yet: all calls answer None.

That is what they answer whenever the product is switched off.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

PROPAGATION_KEY_BASE_64 = "dd-pathway-ctx-base64"


def data_streams_processor(reset: bool = False) -> None:
    """Who computes pathways; nobody does."""


def set_consume_checkpoint(
    typ: str,
    source: str,
    carrier_get: Callable[[str], Any],
    manual_checkpoint: bool = True,
    tags: Mapping[str, str] | None = None,
) -> None:
    """A message has been taken from `source`."""


def set_produce_checkpoint(
    typ: str,
    target: str,
    carrier_set: Callable[[str, Any], Any],
    tags: Mapping[str, str] | None = None,
) -> None:
    """A message is being put into `target`."""
