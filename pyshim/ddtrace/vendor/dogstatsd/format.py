"""Text as it is sent."""

from __future__ import annotations

import json
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

TAG_INVALID_CHARS_RE = re.compile(r"[^\w\d_\-:/\.]")
TAG_INVALID_CHARS_SUBS = "_"


def normalize_tags(tag_list: list[str]) -> list[str]:
    """Tags where what has a meaning of its own is replaced."""
    return [TAG_INVALID_CHARS_RE.sub(TAG_INVALID_CHARS_SUBS, str(tag)) for tag in tag_list]


def pretty_json(obj: Any) -> str:
    """JSON for people."""
    return json.dumps(obj, sort_keys=True, indent=2)


def construct_path(api_version: str, path: str) -> str:
    """The path of a request to the API."""
    return f"/api/{api_version.strip('/')}/{path.strip('/')}"


def construct_url(host: str, api_version: str, path: str) -> str:
    """The URL of a request to the API."""
    return host.strip("/") + construct_path(api_version, path)


def force_to_epoch_seconds(epoch_sec_or_dt: float | datetime) -> float:
    """Seconds since 1970, of a date or as they are."""
    if isinstance(epoch_sec_or_dt, (int, float)):
        return epoch_sec_or_dt
    return epoch_sec_or_dt.timestamp()
