"""`set_user()`."""

from __future__ import annotations

from ddtrace.ext import user

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def set_user(
    tracer: Any,
    user_id: str,
    name: str | None = None,
    email: str | None = None,
    scope: str | None = None,
    role: str | None = None,
    session_id: str | None = None,
    propagate: bool = False,
    span: Any | None = None,
    may_block: bool = True,
    mode: str = "sdk",
) -> None:
    """Says on the root span who the request is for; `propagate` says it to services below too."""
    if span is None:
        from ddtrace._trace.tracer import tracer as the_tracer

        span = the_tracer.current_root_span()
    if span is None:
        from ddtrace.internal.logger import get_logger

        get_logger(__name__).warning(
            "No root span in the current execution. Skipping set_user tags."
        )
        return
    if user_id:
        text = str(user_id)
        span.set_tag(user.ID, text)
        if propagate:
            span.context.dd_user_id = text
    for tag, value in (
        (user.NAME, name),
        (user.EMAIL, email),
        (user.SCOPE, scope),
        (user.ROLE, role),
        (user.SESSION_ID, session_id),
    ):
        if value:
            span.set_tag(tag, value)
