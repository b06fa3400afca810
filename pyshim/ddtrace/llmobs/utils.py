"""Messages and documents in the forms that people write them, made one form."""

from __future__ import annotations

from typing import Any, Union

from ddtrace.llmobs.types import AudioPart as AudioPart
from ddtrace.llmobs.types import Document as Document
from ddtrace.llmobs.types import ImagePart as ImagePart
from ddtrace.llmobs.types import Message as Message
from ddtrace.llmobs.types import ToolCall as ToolCall
from ddtrace.llmobs.types import ToolDefinition as ToolDefinition
from ddtrace.llmobs.types import ToolResult as ToolResult


def _rows(given: Any, what: str, text_key: str) -> list[dict[str, Any]]:
    """A list of dictionaries of a text, a dictionary or a list of these."""
    if isinstance(given, str):
        return [{text_key: given}]
    rows = [given] if isinstance(given, dict) else given
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise TypeError(f"{what} must be a string, dictionary, or list of dictionaries.")
    return rows


def _picked(rows: Any, name: str, kinds: dict[str, type]) -> list[dict[str, Any]]:
    """The known keys of each row, where they have the right type."""
    if not isinstance(rows, list):
        raise TypeError(f"{name} must be a list.")
    return [
        {key: row[key] for key, kind in kinds.items() if isinstance(row.get(key), kind)}
        for row in rows
        if isinstance(row, dict)
    ]


_CALL: dict[str, type] = {"name": str, "arguments": dict, "tool_id": str, "type": str}
_RESULT: dict[str, type] = {"result": str, "name": str, "tool_id": str, "type": str}
_PART: dict[str, type] = {"mime_type": str, "content": str, "attachment_key": str}
_DEFINITION: dict[str, type] = {"name": str, "description": str, "schema": dict, "version": str}


class Messages:
    """Messages as a list; `messages` has them."""

    def __init__(self, messages: Union[list[dict[str, Any]], dict[str, Any], str]) -> None:
        self.messages: list[dict[str, Any]] = []
        for row in _rows(messages, "messages", "content"):
            content, role = row.get("content"), row.get("role")
            if content is not None and not isinstance(content, str):
                raise TypeError("Message content must be a string.")
            if role is not None and not isinstance(role, str):
                raise TypeError("Message role must be a string.")
            made: dict[str, Any] = {"content": content or ""}
            if role:
                made["role"] = role
            for key, kinds in (
                ("tool_calls", _CALL),
                ("tool_results", _RESULT),
                ("audio_parts", _PART),
                ("image_parts", _PART),
            ):
                if row.get(key) is not None:
                    made[key] = _picked(row[key], key, kinds)
            self.messages.append(made)


class Documents:
    """Documents as a list; `documents` has them."""

    def __init__(self, documents: Union[list[dict[str, Any]], dict[str, Any], str]) -> None:
        self.documents: list[dict[str, Any]] = []
        for row in _rows(documents, "documents", "text"):
            if not isinstance(row.get("text"), str):
                raise TypeError("Document text must be a string.")
            made: dict[str, Any] = {"text": row["text"]}
            for key, kinds, called in (
                ("name", (str,), "a string"),
                ("id", (str,), "a string"),
                ("score", (int, float), "an integer or float"),
            ):
                value = row.get(key)
                if not value:
                    continue
                if not isinstance(value, kinds):
                    raise TypeError(f"document {key} must be {called}.")
                made[key] = value
            self.documents.append(made)


def extract_tool_definitions(tool_definitions: list[dict[str, Any]]) -> list[ToolDefinition]:
    """Those that have a name, with the keys that are known."""
    return [
        row  # type: ignore[misc]
        for row in _picked(tool_definitions, "tool_definitions", _DEFINITION)
        if row.get("name")
    ]
