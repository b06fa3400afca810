"""The hash of Fowler, Noll and Vo."""

from __future__ import annotations

from typing import Any

FNV_64_PRIME = 0x100000001B3
FNV1_64_INIT = 0xCBF29CE484222325


def no_op(c: Any) -> Any:
    """What it is given."""
    return c


_get_byte = no_op


def fnv(data: bytes, hval_init: int, fnv_prime: int, fnv_size: int) -> int:
    """The hash of bytes, to the size given."""
    value = hval_init
    for byte in data:
        value = value * fnv_prime % fnv_size
        value = value ^ byte
    return value


def fnv1_64(data: bytes) -> int:
    """The hash of bytes as 64 bits."""
    return fnv(data, FNV1_64_INIT, FNV_64_PRIME, 1 << 64)
