"""Patterns of sampling rules: `*` is any run of characters, `?` is one; case does not matter."""

from __future__ import annotations

import re


class GlobMatcher:
    """Says whether a text is as the pattern says."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern.lower()
        self.wildcards_only = bool(self.pattern) and not self.pattern.strip("*?")
        parts = {"*": ".*", "?": "."}
        text = "".join(parts.get(c) or re.escape(c) for c in re.sub(r"\*+", "*", self.pattern))
        self._fits = re.compile(text, re.DOTALL).fullmatch

    def match(self, subject: str) -> bool:
        """Whether the whole text fits."""
        return self._fits(subject.lower()) is not None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GlobMatcher) and self.pattern == other.pattern

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"GlobMatcher(pattern={self.pattern})"
