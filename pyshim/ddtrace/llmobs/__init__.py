"""LLM Observability. The product is not there yet: spans are ordinary spans, nothing else is sent.

That is what the calls do whenever the product is switched off, so programs run unchanged. Evaluators
and the shapes of what they work on are here; experiments, data sets and judges are not.
"""

from ddtrace.llmobs._evaluation import BaseAsyncEvaluator as BaseAsyncEvaluator
from ddtrace.llmobs._evaluation import BaseAsyncSummaryEvaluator as BaseAsyncSummaryEvaluator
from ddtrace.llmobs._evaluation import BaseEvaluator as BaseEvaluator
from ddtrace.llmobs._evaluation import BaseSummaryEvaluator as BaseSummaryEvaluator
from ddtrace.llmobs._evaluation import BooleanStructuredOutput as BooleanStructuredOutput
from ddtrace.llmobs._evaluation import CategoricalStructuredOutput as CategoricalStructuredOutput
from ddtrace.llmobs._evaluation import EvaluatorContext as EvaluatorContext
from ddtrace.llmobs._evaluation import EvaluatorResult as EvaluatorResult
from ddtrace.llmobs._evaluation import LLMObsSpan as LLMObsSpan
from ddtrace.llmobs._evaluation import MultiEvaluatorResult as MultiEvaluatorResult
from ddtrace.llmobs._evaluation import ScoreStructuredOutput as ScoreStructuredOutput
from ddtrace.llmobs._evaluation import SummaryEvaluatorContext as SummaryEvaluatorContext
from ddtrace.llmobs._llmobs import LLMObs as LLMObs
from ddtrace.llmobs.types import Agent as Agent
from ddtrace.llmobs.types import Prompt as Prompt
