"""What users do, for the security of the application: who logs in, signs up, and acts.

All calls write tags of the local root span, and keep its trace.
"""

from __future__ import annotations

from typing import Any

from ddtrace.appsec import _events
from ddtrace.contrib.internal.trace_utils import set_user as _set_user
from ddtrace.internal._exceptions import BlockingException as BlockingException

_AUTOMATIC = "auto"  # events that no program asked for are not recorded


def track_login_success(
    login: str, user_id: Any = None, metadata: dict[str, Any] | None = None, _auto: bool = False
) -> None:
    """A user has logged in."""
    _events.login_success(user_id, metadata, _AUTOMATIC if _auto else "sdk", login)


def track_login_failure(
    login: str,
    exists: bool,
    user_id: Any = None,
    metadata: dict[str, Any] | None = None,
    _auto: bool = False,
) -> None:
    """A user could not log in; `exists` says whether there is such a user."""
    _events.login_failure(user_id, exists, metadata, _AUTOMATIC if _auto else "sdk", login)


def track_signup(
    login: str,
    user_id: Any = None,
    success: bool = True,
    metadata: dict[str, Any] | None = None,
    _auto: bool = False,
) -> None:
    """A user has signed up, or tried to."""
    _events.signup(user_id, login, success, _AUTOMATIC if _auto else "sdk")
    if metadata:
        _events.custom("signup_sdk", metadata)


def track_user(
    login: str,
    user_id: Any = None,
    session_id: str | None = None,
    metadata: dict[str, Any] | None = None,
    _auto: bool = False,
) -> None:
    """What follows is done by this user."""
    span = _events.root_span()
    if span is None:
        return
    if login:
        span.set_tag("_dd.appsec.usr.login", str(login))
    _user(span, user_id, session_id, metadata)


def track_user_id(
    user_id: Any,
    session_id: str | None = None,
    metadata: dict[str, Any] | None = None,
    _auto: bool = False,
) -> None:
    """What follows is done by this user."""
    if (span := _events.root_span()) is not None:
        _user(span, user_id, session_id, metadata)


def _user(span: Any, user_id: Any, session_id: str | None, metadata: dict[str, Any] | None) -> None:
    rest = dict(metadata or {})
    about = {name: rest.pop(name, None) for name in ("name", "email", "scope", "role")}
    if user_id is not None:
        span.set_tag("_dd.appsec.usr.id", str(user_id))
        _set_user(
            None, str(user_id), session_id=session_id, may_block=False, span=span, **about
        )
    if rest:
        _events.custom("auth_sdk", rest)
    span.set_tag(_events.MODE, "sdk")


def track_custom_event(event_name: str, metadata: dict[str, Any]) -> None:
    """Something that the application calls an event of security."""
    _events.custom(event_name, metadata)
