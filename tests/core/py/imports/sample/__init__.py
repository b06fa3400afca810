"""A package that lives in the binary."""

from dd_sample._native import answer
from dd_sample.inner import fail

__all__ = ["answer", "fail"]
