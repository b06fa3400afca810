"""Bodies of requests, and connections for them."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from enum import Enum

from ddtrace.internal.http import HTTPConnection
from ddtrace.internal.utils.http import DEFAULT_TIMEOUT, verify_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any


class MediaType(Enum):
    """Kinds of bodies."""

    JSON = "json"
    XML = "xml"
    FORM_URLENCODED = "form_urlencoded"
    MULTIPART = "multipart"
    PLAIN = "plain"
    UNKNOWN = "unknown"


def classify_media_type(content_type: str | None) -> MediaType:
    """The kind that a header `Content-Type` names."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind in ("application/json", "text/json") or kind.endswith("+json"):
        return MediaType.JSON
    if kind in ("application/xml", "text/xml") or kind.endswith("+xml"):
        return MediaType.XML
    if kind == "application/x-www-form-urlencoded":
        return MediaType.FORM_URLENCODED
    if kind == "multipart/form-data":
        return MediaType.MULTIPART
    return MediaType.PLAIN if kind == "text/plain" else MediaType.UNKNOWN


@dataclass
class FormData:
    """A part of a form."""

    name: str
    filename: str
    data: str | bytes
    content_type: str


def multipart(parts: list[FormData]) -> tuple[bytes, dict[str, str]]:
    """The body of a form and its headers."""
    import random

    boundary = f"==============={random.randrange(10**19):019d}=="
    body = bytearray()
    for part in parts:
        body += (
            f"--{boundary}\r\nContent-Type: application/{part.content_type}\r\n"
            f'Content-Disposition: form-data; name="{part.name}"; filename="{part.filename}"'
            "\r\n\r\n"
        ).encode()
        body += part.data.encode() if isinstance(part.data, str) else part.data
        body += b"\r\n"
    if not parts:
        body += f"--{boundary}\r\n\r\n".encode()
    body += f"--{boundary}--\r\n".encode()
    return bytes(body), {"Content-Type": f'multipart/form-data; boundary="{boundary}"'}


def parse_form_params(body: str) -> dict[str, str | list[str]]:
    """The fields of a form; those that occur more than once as a list."""
    from urllib.parse import unquote_plus

    fields: dict[str, str | list[str]] = {}
    for pair in body.split("&"):
        name, equals, value = map(unquote_plus, pair.partition("="))
        if not equals:
            continue
        known = fields.get(name)
        if known is None:
            fields[name] = value
        elif isinstance(known, list):
            known.append(value)
        else:
            fields[name] = [known, value]
    return fields


def parse_form_multipart(body: str, headers: Mapping[str, str] | None = None) -> Any:
    """The fields of a form in parts."""
    import email
    import json

    def value_of(part: Any) -> Any:
        if part.is_multipart():
            fields: dict[str, Any] = {}
            for inner in part.get_payload():
                name = inner.get_param("name", header="content-disposition")
                value = value_of(inner)
                if name not in fields:
                    fields[name] = value
                elif isinstance(fields[name], list):
                    fields[name].append(value)
                else:
                    fields[name] = [fields[name], value]
            return fields
        text, kind = part.get_payload(), classify_media_type(part.get_content_type())
        if kind is MediaType.JSON:
            return json.loads(text)
        return parse_form_params(text) if kind is MediaType.FORM_URLENCODED else text

    if headers is None:
        return {}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return value_of(email.message_from_string(f"{head}\r\n{body}"))


def get_connection(url: str, timeout: float = DEFAULT_TIMEOUT) -> HTTPConnection:
    """A connection to an agent; ValueError for what is no URL of one."""
    verify_url(url)
    return HTTPConnection(url, timeout)


def connector(
    url: str, **kwargs: Any
) -> Callable[[], contextlib.AbstractContextManager[HTTPConnection]]:
    """What opens a connection for the length of a block."""

    @contextlib.contextmanager
    def connect() -> Iterator[HTTPConnection]:
        connection = get_connection(url, **kwargs)
        try:
            yield connection
        finally:
            connection.close()

    return connect
