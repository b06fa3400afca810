"""Evaluators that need no model: they compare, match, measure."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any

from ddtrace.llmobs._evaluation import BaseEvaluator, EvaluatorContext, EvaluatorResult

Extractor = Callable[[Any], Any]


def _verdict(value: bool) -> EvaluatorResult:
    return EvaluatorResult(value=value, assessment="pass" if value else "fail")


def _taken(value: Any, extractor: Extractor | None) -> Any:
    return value if extractor is None else extractor(value)


class StringCheckEvaluator(BaseEvaluator):
    """Compares the answer with what was expected: "eq", "ne", "contains" or "icontains"."""

    VALID_OPERATIONS = ("eq", "ne", "contains", "icontains")

    def __init__(
        self,
        operation: str = "eq",
        case_sensitive: bool = True,
        strip_whitespace: bool = False,
        output_extractor: Extractor | None = None,
        expected_output_extractor: Extractor | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        if operation not in self.VALID_OPERATIONS:
            raise ValueError(
                f"operation must be one of {self.VALID_OPERATIONS}, got: {operation}"
            )
        self.operation = operation
        self.case_sensitive = case_sensitive
        self.strip_whitespace = strip_whitespace
        self.output_extractor = output_extractor
        self.expected_output_extractor = expected_output_extractor

    def evaluate(self, context: EvaluatorContext) -> EvaluatorResult:
        """Whether they are as they are to be."""
        found = _taken(context.output_data, self.output_extractor)
        expected = _taken(context.expected_output, self.expected_output_extractor)
        if found is None or expected is None:
            equal = found is None and expected is None
            return _verdict({"eq": equal, "ne": not equal}.get(self.operation, False))
        left, right = str(found), str(expected)
        if self.strip_whitespace:
            left, right = left.strip(), right.strip()
        if not self.case_sensitive or self.operation == "icontains":
            left, right = left.lower(), right.lower()
        if self.operation in ("eq", "ne"):
            return _verdict((left == right) is (self.operation == "eq"))
        return _verdict(right in left)


class RegexMatchEvaluator(BaseEvaluator):
    """Matches the answer with a pattern: "search", "match" or "fullmatch"."""

    def __init__(
        self,
        pattern: str,
        match_mode: str = "search",
        flags: int = 0,
        output_extractor: Extractor | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        if match_mode not in ("search", "match", "fullmatch"):
            raise ValueError(
                f"match_mode must be 'search', 'match', or 'fullmatch', got: {match_mode}"
            )
        try:
            self.pattern = re.compile(pattern, flags)
        except re.error as error:
            raise ValueError(f"Invalid regex pattern: {error}") from None
        self.match_mode = match_mode
        self.output_extractor = output_extractor

    def evaluate(self, context: EvaluatorContext) -> EvaluatorResult:
        """Whether it matches."""
        found = _taken(context.output_data, self.output_extractor)
        if found is None:
            return _verdict(False)
        return _verdict(getattr(self.pattern, self.match_mode)(str(found)) is not None)


class LengthEvaluator(BaseEvaluator):
    """Measures the answer in "characters", "words" or "lines"."""

    def __init__(
        self,
        min_length: int | None = None,
        max_length: int | None = None,
        count_type: str = "characters",
        output_extractor: Extractor | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        if min_length is None and max_length is None:
            raise ValueError("At least one of min_length or max_length must be specified")
        for label, value in (("min_length", min_length), ("max_length", max_length)):
            if value is not None and value < 0:
                raise ValueError(f"{label} must be non-negative, got: {value}")
        if min_length is not None and max_length is not None and min_length > max_length:
            raise ValueError(
                f"min_length ({min_length}) cannot be greater than max_length ({max_length})"
            )
        if count_type not in ("characters", "words", "lines"):
            raise ValueError(
                f"count_type must be 'characters', 'words', or 'lines', got: {count_type}"
            )
        self.min_length = min_length
        self.max_length = max_length
        self.count_type = count_type
        self.output_extractor = output_extractor

    def evaluate(self, context: EvaluatorContext) -> EvaluatorResult:
        """Whether it is neither too short nor too long."""
        found = _taken(context.output_data, self.output_extractor)
        if found is None:
            return _verdict(False)
        text = str(found)
        if self.count_type == "words":
            length = len(text.split())
        elif self.count_type == "lines":
            length = len(text.splitlines())
        else:
            length = len(text)
        fits = (self.min_length is None or length >= self.min_length) and (
            self.max_length is None or length <= self.max_length
        )
        return _verdict(fits)


class JSONEvaluator(BaseEvaluator):
    """Whether the answer is JSON, with all keys that are required of an object."""

    def __init__(
        self,
        required_keys: list[str] | None = None,
        output_extractor: Extractor | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        self.required_keys = required_keys or []
        self.output_extractor = output_extractor

    def evaluate(self, context: EvaluatorContext) -> EvaluatorResult:
        """Whether it is that."""
        found = _taken(context.output_data, self.output_extractor)
        if found is None:
            return _verdict(False)
        if isinstance(found, str):
            try:
                found = json.loads(found)
            except ValueError:
                return _verdict(False)
        if isinstance(found, dict):
            return _verdict(all(key in found for key in self.required_keys))
        return _verdict(True)


class SemanticSimilarityEvaluator(BaseEvaluator):
    """How near the answer is to what was expected, by vectors of the application's own model."""

    def __init__(
        self,
        embedding_fn: Callable[[str], list[float]],
        threshold: float = 0.7,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        if not callable(embedding_fn):
            raise TypeError("embedding_fn must be a callable function")
        if not 0 <= threshold <= 1:
            raise ValueError(f"threshold must be between 0 and 1, got: {threshold}")
        self.embedding_fn = embedding_fn
        self.threshold = threshold

    def evaluate(self, context: EvaluatorContext) -> EvaluatorResult:
        """From 0, the opposite, to 1, the same."""
        if context.output_data is None or context.expected_output is None:
            score = 0.0
        else:
            texts = (str(context.output_data), str(context.expected_output))
            score = (1 + _cosine(*(self.embedding_fn(text) for text in texts))) / 2
        assessment = "pass" if score >= self.threshold else "fail"
        return EvaluatorResult(value=score, assessment=assessment)


def _cosine(left: list[float], right: list[float]) -> float:
    if len(left) != len(right):
        raise ValueError(f"Vectors must have same length: {len(left)} != {len(right)}")
    lengths = math.sqrt(sum(x * x for x in left)) * math.sqrt(sum(x * x for x in right))
    return sum(x * y for x, y in zip(left, right)) / lengths if lengths else 0.0
