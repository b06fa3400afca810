"""What evaluators get and give, and how a model is asked to answer."""

from __future__ import annotations

import dataclasses
import re
from abc import ABC, abstractmethod
from typing import Any

from ddtrace.llmobs.types import JSONType, Message


@dataclasses.dataclass
class LLMObsSpan:
    """A span as a processor of the application may change it."""

    input: list[Message] = dataclasses.field(default_factory=list)
    output: list[Message] = dataclasses.field(default_factory=list)
    _tags: dict[str, str] = dataclasses.field(default_factory=dict)
    metadata: dict[str, Any] = dataclasses.field(default_factory=dict)

    def get_tag(self, key: str) -> str | None:
        """A tag, or None."""
        return self._tags.get(key)


@dataclasses.dataclass(frozen=True)
class EvaluatorContext:
    """One answer to evaluate."""

    input_data: JSONType
    output_data: Any
    expected_output: JSONType = None
    metadata: dict[str, Any] = dataclasses.field(default_factory=dict)
    span_id: str | None = None
    trace_id: str | None = None


@dataclasses.dataclass(frozen=True)
class SummaryEvaluatorContext:
    """All answers of an experiment."""

    inputs: list[JSONType]
    outputs: list[JSONType]
    expected_outputs: list[JSONType]
    evaluation_results: dict[str, list[JSONType]]
    metadata: list[dict[str, Any]] = dataclasses.field(default_factory=list)


class EvaluatorResult:
    """What an evaluator found."""

    def __init__(
        self,
        value: JSONType,
        reasoning: str | None = None,
        assessment: str | None = None,
        metadata: dict[str, JSONType] | None = None,
        tags: dict[str, JSONType] | None = None,
    ) -> None:
        self.value = value
        self.reasoning = reasoning
        self.assessment = assessment
        self.metadata = metadata
        self.tags = tags


class MultiEvaluatorResult:
    """Several findings at once, by name."""

    def __init__(self, values: dict[str, Any], prefix: bool = True) -> None:
        self.values = values
        self.prefix = prefix


class _Named:
    def __init__(self, name: str | None = None) -> None:
        name = type(self).__name__ if name is None else name.strip()
        if not name:
            raise ValueError("Evaluator name cannot be empty")
        if not re.fullmatch(r"[\w-]+", name, re.ASCII):
            raise ValueError(
                f"Evaluator name '{name}' is invalid. Name must contain only alphanumeric "
                "characters, underscores, and hyphens."
            )
        self.name = name


class BaseEvaluator(_Named, ABC):
    """Evaluates one answer."""

    @abstractmethod
    def evaluate(self, context: EvaluatorContext) -> Any:
        """A value, an `EvaluatorResult` or a `MultiEvaluatorResult`."""


class BaseAsyncEvaluator(_Named, ABC):
    """Evaluates one answer, asynchronously."""

    @abstractmethod
    async def evaluate(self, context: EvaluatorContext) -> Any:
        """A value, an `EvaluatorResult` or a `MultiEvaluatorResult`."""


class BaseSummaryEvaluator(_Named, ABC):
    """Evaluates an experiment."""

    @abstractmethod
    def evaluate(self, context: SummaryEvaluatorContext) -> Any:
        """A value, an `EvaluatorResult` or a `MultiEvaluatorResult`."""


class BaseAsyncSummaryEvaluator(_Named, ABC):
    """Evaluates an experiment, asynchronously."""

    @abstractmethod
    async def evaluate(self, context: SummaryEvaluatorContext) -> Any:
        """A value, an `EvaluatorResult` or a `MultiEvaluatorResult`."""


class BaseStructuredOutput(ABC):
    """The form in which a model is to answer."""

    reasoning: bool
    reasoning_description: str | None

    @property
    @abstractmethod
    def label(self) -> str:
        """The name of the answer."""

    @abstractmethod
    def _answer(self) -> dict[str, Any]:
        """The schema of the answer."""

    def to_json_schema(self) -> dict[str, Any]:
        """A JSON schema of an object with the answer, and why it is that."""
        properties: dict[str, Any] = {self.label: self._answer()}
        if self.reasoning:
            told = self.reasoning_description or "Explanation for the evaluation result"
            properties["reasoning"] = {"type": "string", "description": told}
        return {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }


@dataclasses.dataclass
class BooleanStructuredOutput(BaseStructuredOutput):
    """Yes or no."""

    description: str
    reasoning: bool = False
    reasoning_description: str | None = None
    pass_when: bool | None = None

    @property
    def label(self) -> str:
        """The name of the answer."""
        return "boolean_eval"

    def _answer(self) -> dict[str, Any]:
        return {"type": "boolean", "description": self.description}


@dataclasses.dataclass
class ScoreStructuredOutput(BaseStructuredOutput):
    """A number between two others."""

    description: str
    min_score: float
    max_score: float
    reasoning: bool = False
    reasoning_description: str | None = None
    min_threshold: float | None = None
    max_threshold: float | None = None

    @property
    def label(self) -> str:
        """The name of the answer."""
        return "score_eval"

    def _answer(self) -> dict[str, Any]:
        return {
            "type": "number",
            "description": self.description,
            "minimum": self.min_score,
            "maximum": self.max_score,
        }


@dataclasses.dataclass
class CategoricalStructuredOutput(BaseStructuredOutput):
    """One of several words, each with its meaning."""

    categories: dict[str, str]
    reasoning: bool = False
    reasoning_description: str | None = None
    pass_values: list[str] | None = None

    @property
    def label(self) -> str:
        """The name of the answer."""
        return "categorical_eval"

    def _answer(self) -> dict[str, Any]:
        choices = [{"const": k, "description": v} for k, v in self.categories.items()]
        return {"type": "string", "anyOf": choices}
