"""Which headers become tags."""

from __future__ import annotations

from ddtrace.internal.utils.http import normalize_header_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class HttpConfig:
    """Headers and query strings, for all integrations or for one."""

    _changed: Callable[[HttpConfig], None] | None = None

    def __init__(self, header_tags: Mapping[str, str] | None = None) -> None:
        self._tags: dict[str, str] = {
            name: tag
            for header, tag in (header_tags or {}).items()
            if (name := normalize_header_name(header))
        }
        self._query: bool | None = None

    @property
    def trace_query_string(self) -> bool | None:
        """Whether query strings are tagged; None leaves it to the weaker setting."""
        return self._query

    @trace_query_string.setter
    def trace_query_string(self, value: bool | None) -> None:
        self._query = value
        self._tell()

    @property
    def is_header_tracing_configured(self) -> bool:
        """Whether any header is to be tagged."""
        return bool(self._tags)

    def trace_headers(self, whitelist: list[str] | str) -> HttpConfig | None:
        """Tags these headers too, under the names they get by themselves."""
        if not whitelist:
            return None
        for header in [whitelist] if isinstance(whitelist, str) else whitelist:
            name = normalize_header_name(header)
            if name:
                self._tags.setdefault(name, "")
        self._tell()
        return self

    def header_is_traced(self, header_name: str) -> bool:
        """Whether a header, in any case, is to be tagged."""
        return self._header_tag_name(header_name) is not None

    def _header_tag_name(self, header_name: str) -> str | None:
        """The tag of a header: empty for the name it gets by itself, None when not wanted."""
        name = normalize_header_name(header_name)
        return self._tags.get(name) if name else None

    def _reset(self) -> None:
        self._tags = {}
        self._query = None
        self._tell()

    def _tell(self) -> None:
        if self._changed is not None:
            self._changed(self)

    def _as_text(self) -> str:
        return ",".join(f"{name}:{tag}" if tag else name for name, tag in self._tags.items())

    def __deepcopy__(self, memo: object) -> HttpConfig:
        copy = HttpConfig(self._tags)
        copy._query = self._query
        return copy

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} traced_headers={self._tags.keys()!r} "
            f"trace_query_string={self._query!r}>"
        )
