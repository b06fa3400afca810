"""LLM Observability. The product is not there yet: spans are ordinary spans, nothing else is sent.

That is what the calls do whenever the product is switched off, so programs run unchanged.
"""

from ddtrace.llmobs._llmobs import LLMObs as LLMObs
