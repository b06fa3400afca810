"""Shapes of what LLM Observability takes and gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Optional, TypedDict, Union

JSONType = Union[str, int, float, bool, None, list["JSONType"], dict[str, "JSONType"]]


class ExportedLLMObsSpan(TypedDict):
    """Which span it is."""

    span_id: str
    trace_id: str


class _FeedbackSubmitterOptional(TypedDict, total=False):
    type: str


class FeedbackSubmitter(_FeedbackSubmitterOptional):
    """Who gives feedback."""

    id: str


class Document(TypedDict, total=False):
    """A document that was found."""

    name: str
    id: str
    text: str
    score: float


class ToolCallFunction(TypedDict):
    """What a call of a tool asks for."""

    name: str
    arguments: str


class ToolCall(TypedDict, total=False):
    """A call of a tool."""

    name: str
    arguments: dict[str, Any]
    tool_id: str
    type: str
    id: str
    function: ToolCallFunction


class ToolResult(TypedDict, total=False):
    """What a tool gave."""

    name: str
    result: str
    tool_id: str
    type: str


class ToolDefinition(TypedDict, total=False):
    """A tool that a model may call."""

    name: str
    description: str
    schema: dict[str, Any]
    version: str


class AgentCapability(TypedDict, total=False):
    """Something an agent can do."""

    name: str
    type: str


class AgentInstructionResolver(TypedDict, total=False):
    """What makes instructions when they are needed."""

    name: str
    type: str


class _AgentToolRequired(TypedDict):
    name: str


class AgentTool(_AgentToolRequired, total=False):
    """A tool of an agent."""

    description: str
    parameters: dict[str, Any]


class AgentManifest(TypedDict, total=False):
    """All that is known of an agent."""

    framework: str
    name: str
    instructions: str
    system_prompts: list[str]
    extra_instructions: list[AgentInstructionResolver]
    model: str
    model_settings: dict[str, Any]
    agent_settings: dict[str, Any]
    tools: list[dict[str, Any]]
    capabilities: list[AgentCapability]
    data_contracts: dict[str, Any]
    guardrails: list[str]
    handoffs: list[Any]
    handoff_description: str
    memory_policies: list[str]
    metadata: dict[str, Any]


class Agent(TypedDict, total=False):
    """An agent."""

    version: str
    name: str
    instructions: str
    model: str
    model_settings: dict[str, Any]
    tools: list[AgentTool]


class AudioPart(TypedDict, total=False):
    """Sound in a message."""

    mime_type: str
    content: str
    attachment_key: str


class ImagePart(TypedDict, total=False):
    """A picture in a message."""

    mime_type: str
    content: str
    attachment_key: str


class Message(TypedDict, total=False):
    """A message to or from a model."""

    id: str
    role: str
    content: str
    tool_calls: list[ToolCall]
    tool_results: list[ToolResult]
    tool_id: str
    tool_call_id: str
    audio_parts: list[AudioPart]
    image_parts: list[ImagePart]


class _MessagePlaceholderRequired(TypedDict):
    type: Literal["placeholder"]
    name: str


class MessagePlaceholder(Message, _MessagePlaceholderRequired):
    """Where messages are put into a template."""


class ChatMessage(TypedDict):
    """A message of a template."""

    role: str
    content: str


class Prompt(TypedDict, total=False):
    """What a model is asked."""

    version: str
    id: str
    label: str
    template: str
    chat_template: Union[list[dict[str, str]], list[Message]]
    variables: dict[str, str]
    tags: dict[str, str]
    rag_context_variables: list[str]
    rag_query_variables: list[str]
    prompt_uuid: str
    prompt_version_uuid: str
    config: dict[str, JSONType]


class PromptResponse(TypedDict, total=False):
    """A prompt of the registry."""

    id: str
    prompt_id: str
    title: str
    description: str
    created_at: str
    source: str
    num_versions: int
    in_registry: bool
    created_from: str
    author: str
    ml_app: str
    ml_apps: list[str]
    last_version_created_at: str
    extracted_from: str
    config: dict[str, JSONType]


class PromptVersionResponse(TypedDict, total=False):
    """A version of a prompt of the registry."""

    id: str
    prompt_uuid: str
    prompt_id: str
    template: Union[str, list[ChatMessage]]
    version: int
    user_version: str
    labels: list[str]
    created_at: str
    version_created_at: str
    author: str
    description: str
    ml_app: str
    config: dict[str, JSONType]


class DeletedPromptResponse(TypedDict, total=False):
    """A prompt that is gone."""

    id: str
    prompt_id: str
    deleted_at: str


ChatTemplateItem = Union[ChatMessage, MessagePlaceholder]
ExperimentConfigType = dict[str, JSONType]
_PromptText = Union[str, list[Message], Prompt]
PromptFallback = Optional[Union[_PromptText, Callable[[], _PromptText]]]


class PromptAPIError(Exception):
    """The registry of prompts has refused: `status` and `detail` say why."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"Prompt API error ({status}): {detail}")
        self.status = status
        self.detail = detail


class PromptAuthError(PromptAPIError):
    """The keys are missing or wrong."""


class PromptValidationError(PromptAPIError):
    """The request is wrong."""


class PromptNotFoundError(PromptAPIError):
    """There is no such prompt."""


class PromptConflictError(PromptAPIError):
    """It is there already."""


class PromptServerError(PromptAPIError):
    """The registry has failed."""
