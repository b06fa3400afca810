"""Headers, query strings and URLs."""

from __future__ import annotations

from ddtrace.internal.constants import (
    DD_TRACE_TRACESTATE_ITEM_MAX_CHARS,
    DD_TRACE_TRACESTATE_MAX_BYTES,
    DD_TRACE_TRACESTATE_MAX_ITEMS,
    W3C_TRACESTATE_ORIGIN_KEY,
    W3C_TRACESTATE_PARENT_ID_KEY,
    W3C_TRACESTATE_SAMPLING_PRIORITY_KEY,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from typing import Any
    from urllib.parse import ParseResult

    from ddtrace.internal.utils._bodies import (
        FormData,
        MediaType,
        classify_media_type,
        connector,
        get_connection,
        multipart,
        parse_form_multipart,
        parse_form_params,
    )
    from ddtrace.internal.utils._tracestate import (
        w3c_build_tracestate_members,
        w3c_encode_tag,
        w3c_get_dd_list_member,
        w3c_get_tracestate_list_member,
        w3c_tracestate_add_p,
        w3c_tracestate_members_after_limits,
        w3c_update_tracestate_list_member,
    )

__all__ = [
    "DD_TRACE_TRACESTATE_ITEM_MAX_CHARS",
    "DD_TRACE_TRACESTATE_MAX_BYTES",
    "DD_TRACE_TRACESTATE_MAX_ITEMS",
    "DEFAULT_TIMEOUT",
    "W3C_DD_LIST_MEMBER_MAX_CHARS",
    "W3C_TRACESTATE_ORIGIN_KEY",
    "W3C_TRACESTATE_PARENT_ID_KEY",
    "W3C_TRACESTATE_SAMPLING_PRIORITY_KEY",
    "FormData",
    "MediaType",
    "Response",
    "classify_media_type",
    "connector",
    "get_connection",
    "multipart",
    "normalize_header_name",
    "parse_form_multipart",
    "parse_form_params",
    "redact_query_string",
    "redact_url",
    "strip_query_string",
    "verify_url",
    "w3c_build_tracestate_members",
    "w3c_encode_tag",
    "w3c_get_dd_list_member",
    "w3c_get_tracestate_list_member",
    "w3c_tracestate_add_p",
    "w3c_tracestate_members_after_limits",
    "w3c_update_tracestate_list_member",
]

DEFAULT_TIMEOUT = 2.0
W3C_DD_LIST_MEMBER_MAX_CHARS = 256


def __getattr__(name: str) -> Any:
    """What few programs want is imported when they do."""
    if name.startswith(("w3c_", "_w3c_", "_W3C_")):
        from ddtrace.internal.utils import _tracestate

        return getattr(_tracestate, name)
    if name in __all__:
        from ddtrace.internal.utils import _bodies

        return getattr(_bodies, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def normalize_header_name(header_name: str | None) -> str | None:
    """A header's name as it is compared: in lower case, without blanks around it."""
    return None if header_name is None else header_name.strip().lower()


def strip_query_string(url: str) -> str:
    """A URL without its query; the fragment stays."""
    head, hash_mark, fragment = url.partition("#")
    return head.partition("?")[0] + hash_mark + fragment


def redact_query_string(
    query_string: str,
    query_string_obfuscation_pattern: re.Pattern[bytes],
    *,
    preserve_delimiter: bool = False,
) -> bytes | str:
    """A query where what the pattern matches is hidden."""
    text = query_string.encode("utf-8") if isinstance(query_string, str) else query_string
    return query_string_obfuscation_pattern.sub(b"<redacted>", text)


def redact_url(
    url: str,
    query_string_obfuscation_pattern: re.Pattern[bytes],
    query_string: str | None = None,
    *,
    preserve_delimiter: bool = False,
) -> str | bytes:
    """A URL whose query is redacted; the URL itself when it has none."""
    head, hash_mark, fragment = url.partition("#")
    path, question_mark, query = head.partition("?")
    if query_string is not None and not query:
        query = query_string
    elif query_string is not None:
        query = query_string
    if not question_mark or not query:
        return url
    redacted = redact_query_string(query, query_string_obfuscation_pattern)
    assert isinstance(redacted, bytes)
    return (path + "?").encode("utf-8") + redacted + (hash_mark + fragment).encode("utf-8")


def verify_url(url: str) -> ParseResult:
    """The parts of an agent's URL; raises ValueError for what cannot be one."""
    from urllib.parse import urlparse

    parsed = urlparse(url)
    if parsed.scheme not in ("http", "https", "unix"):
        raise ValueError(
            f"Unsupported protocol {parsed.scheme!r} in intake URL {url!r}. "
            "Must be one of: http, https, unix"
        )
    if parsed.scheme == "unix" and not parsed.path:
        raise ValueError(f"Invalid file path in intake URL {url!r}")
    if parsed.scheme != "unix" and not parsed.hostname:
        raise ValueError(f"Invalid hostname in intake URL {url!r}")
    return parsed


class Response:
    """A response, read to its end."""

    __slots__ = ("body", "msg", "reason", "status")

    def __init__(
        self, status: Any = None, body: Any = None, reason: Any = None, msg: Any = None
    ) -> None:
        self.status = status
        self.body = body
        self.reason = reason
        self.msg = msg

    @classmethod
    def from_http_response(cls, resp: Any) -> Response:
        """From a response of `http.client`."""
        return cls(
            status=resp.status,
            body=resp.read(),
            reason=getattr(resp, "reason", None),
            msg=getattr(resp, "msg", None),
        )

    def get_json(self) -> Any:
        """The body as JSON; None when it is none."""
        import json

        try:
            return json.loads(self.body) if self.body else None
        except (TypeError, ValueError):
            return None

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(status={self.status!r}, body={self.body!r}, "
            f"reason={self.reason!r}, msg={self.msg!r})"
        )
