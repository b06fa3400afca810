"""Events of users, in their older form. See `ddtrace.appsec.track_user_sdk`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ddtrace.appsec import _events
from ddtrace.appsec._events import log


def track_user_login_success_event(
    tracer: Any,
    user_id: object | None,
    metadata: Mapping[str, object] | None = None,
    login: str | None = None,
    name: str | None = None,
    email: str | None = None,
    scope: str | None = None,
    role: str | None = None,
    session_id: str | None = None,
    propagate: bool = False,
    login_events_mode: str = "sdk",
    span: Any = None,
) -> None:
    """A user has logged in."""
    _events.login_success(
        user_id,
        metadata,
        login_events_mode,
        login,
        span,
        name=name,
        email=email,
        scope=scope,
        role=role,
        session_id=session_id,
        propagate=propagate,
    )


def track_user_login_failure_event(
    tracer: Any,
    user_id: object | None,
    exists: bool | None = None,
    metadata: Mapping[str, object] | None = None,
    login_events_mode: str = "sdk",
    login: str | None = None,
    name: str | None = None,
    email: str | None = None,
) -> None:
    """A user could not log in; `exists` says whether there is such a user."""
    _events.login_failure(user_id, exists, metadata, login_events_mode, login, name, email)


def track_user_signup_event(
    tracer: Any,
    user_id: str | None,
    success: bool,
    login: str | None = None,
    login_events_mode: str = "sdk",
) -> None:
    """A user has signed up, or tried to."""
    _events.signup(user_id, login, success, login_events_mode)


def track_custom_event(tracer: Any, event_name: str, metadata: dict[str, Any]) -> None:
    """Something that the application calls an event of security."""
    _events.custom(event_name, metadata)


def should_block_user(tracer: Any, userid: str, session_id: str | None = None) -> bool:
    """Whether this user is blocked. Nobody is, as long as there is no security product."""
    log.warning("no user is blocked: that needs application security, which is not there yet")
    return False


def block_request() -> None:
    """Ends the request of the caller. It goes on, as long as there is no security product."""
    log.warning("no request is blocked: that needs application security, which is not there yet")


def block_request_if_user_blocked(
    userid: str, mode: str = "sdk", session_id: str | None = None
) -> None:
    """Ends the request of the caller if its user is blocked."""
    should_block_user(None, userid, session_id)
