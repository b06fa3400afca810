"""What users do, as tags of the local root span; its trace is kept."""

from __future__ import annotations

from ddtrace.constants import USER_KEEP
from ddtrace.contrib.internal.trace_utils import set_user
from ddtrace.ext import user
from ddtrace.internal.logger import get_logger

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ddtrace._native import Span

log = get_logger("ddtrace.appsec._trace_utils")

LOGIN_SUCCESS = "users.login.success"
LOGIN_FAILURE = "users.login.failure"
SIGNUP = "users.signup"
MODE = "_dd.appsec.user.collection_mode"
_AUTOMATIC = ("identification", "anonymization")


def root_span() -> Span | None:
    """The local root of what is active, and a warning when there is none."""
    from ddtrace.trace import tracer

    span = tracer.current_root_span()
    if span is None:
        log.warning("a security event outside of any span is lost")
    return span


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def set_nested(span: Span, prefix: str, value: Any) -> None:
    """Tags for all that mappings and sequences contain, under joined names."""
    if isinstance(value, dict):
        for key, item in value.items():
            set_nested(span, f"{prefix}.{key}", item)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            set_nested(span, f"{prefix}.{index}", item)
    else:
        span.set_tag(prefix, _text(value))


def keep(span: Span) -> None:
    """Its trace is kept on behalf of security."""
    span.set_tag("_dd.p.ts", "02")
    span.context._meta["_dd.p.ts"] = "02"
    span._override_sampling_decision(USER_KEEP)
    span.set_tag("_dd.p.dm", "-5")


def hidden(value: object) -> str:
    """The same short text for the same user, which does not say who it is."""
    from hashlib import sha256

    return "anon_" + sha256(str(value).encode()).hexdigest()[:32]


def wanted(mode: str) -> bool:
    """Whether events of this origin are recorded: those of the program, those told how to."""
    return mode == "sdk" or mode in _AUTOMATIC


def event(
    span: Span,
    name: str,
    mode: str,
    metadata: Mapping[str, Any] | None = None,
    login: object = None,
    user_id: object = None,
) -> str:
    """The tags that all events of logging in have; gives their prefix."""
    prefix = f"appsec.events.{name}"
    span.set_tag(f"{prefix}.track", "true")
    if mode == "sdk":
        span.set_tag(f"_dd.{prefix}.sdk", "true")
        span.set_tag(f"_dd.{prefix}.auto.mode", "disabled")
    else:
        span.set_tag(f"_dd.{prefix}.auto.mode", mode)
    if login:
        span.set_tag(f"_dd.{prefix}.login", str(login))
        span.set_tag(f"{prefix}.usr.login", str(login))
        if mode != "sdk":
            span.set_tag("_dd.appsec.usr.login", str(login))
    if user_id is not None:
        if mode == "sdk":
            span.set_tag(f"{prefix}.usr.id", str(user_id))
        else:
            span.set_tag("_dd.appsec.usr.id", str(user_id))
    for key, value in (metadata or {}).items():
        set_nested(span, f"{prefix}.{key}", value)
    span.set_tag(MODE, mode)
    keep(span)
    return prefix


def login_success(
    user_id: object,
    metadata: Mapping[str, Any] | None,
    mode: str,
    login: object = None,
    span: Span | None = None,
    **about: Any,
) -> None:
    """Somebody has logged in; `about` is what `set_user` takes."""
    if not wanted(mode) or (span := span or root_span()) is None:
        return
    if mode == "anonymization":
        user_id = user_id if user_id is None else hidden(user_id)
        login = hidden(login) if login else login
    prefix = event(span, LOGIN_SUCCESS, mode, metadata, login, user_id)
    if about.get("name"):
        span.set_tag(f"_dd.{prefix}.username", about["name"])
    if about.get("email"):
        span.set_tag(f"_dd.{prefix}.email", about["email"])
    if user_id is not None:
        set_user(None, str(user_id), may_block=False, span=span, **about)


def login_failure(
    user_id: object,
    exists: bool | None,
    metadata: Mapping[str, Any] | None,
    mode: str,
    login: object = None,
    name: str | None = None,
    email: str | None = None,
) -> None:
    """Somebody could not log in."""
    if not wanted(mode) or (span := root_span()) is None:
        return
    if mode == "anonymization":
        user_id = user_id if user_id is None else hidden(user_id)
        login = hidden(login) if login else login
    prefix = event(span, LOGIN_FAILURE, mode, metadata, login, None)
    told = {"usr.id": user_id, "login": login, "username": name, "email": email}
    for key, value in told.items():
        if value is not None:
            span.set_tag(f"{prefix}.{key}", str(value))
    if exists is not None:
        span.set_tag(f"{prefix}.{user.EXISTS}", _text(bool(exists)))


def signup(user_id: object, login: object, success: bool, mode: str) -> None:
    """Somebody has signed up, or tried to."""
    if not wanted(mode) or (span := root_span()) is None:
        return
    prefix = f"appsec.events.{SIGNUP}"
    span.set_tag(f"{prefix}.track", _text(bool(success)))
    span.set_tag(f"{prefix}.track.{mode}", "true")
    if user_id is not None:
        span.set_tag(f"{prefix}.usr.id", str(user_id))
        span.set_tag("_dd.appsec.usr.id", str(user_id))
        span.set_tag(user.ID, str(user_id))
    if login:
        span.set_tag(f"{prefix}.usr.login", str(login))
        span.set_tag("_dd.appsec.usr.login", str(login))
    keep(span)


def custom(name: object, metadata: Any) -> None:
    """An event of the application's own kind."""
    if not name:
        log.warning("a security event needs a name; it is lost")
        return
    if not metadata:
        log.warning("the security event %s says nothing; it is lost", name)
        return
    if (span := root_span()) is None:
        return
    span.set_tag(f"appsec.events.{name}.track", "true")
    set_nested(span, f"appsec.events.{name}", metadata)
    keep(span)
