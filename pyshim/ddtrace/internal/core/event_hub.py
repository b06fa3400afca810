"""Events: named calls to whoever listens.

Any thread may listen and dispatch at any time; who is called is decided when an event is
dispatched.
"""

from __future__ import annotations

import os
from threading import Lock

from ddtrace import _native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from ddtrace.internal.core.events import Event

    Row = tuple[object, Callable[..., Any]]

# Replaced as a whole, never changed in place: a dispatch walks the rows it found.
_rows: dict[str, tuple[Row, ...]] = {}
_changing = Lock()


class ResultType:
    """What became of a listener."""

    __slots__ = ("_name", "_value")

    _name: str
    _value: int
    RESULT_OK: ResultType
    RESULT_EXCEPTION: ResultType
    RESULT_UNDEFINED: ResultType

    @property
    def name(self) -> str:
        """As it is written."""
        return self._name

    @property
    def value(self) -> int:
        """As a number."""
        return self._value

    def __int__(self) -> int:
        return self._value

    def __repr__(self) -> str:
        return f"<ResultType.{self._name}: {self._value}>"


def _result_type(name: str, value: int) -> ResultType:
    made = ResultType()
    made._name, made._value = name, value
    return made


ResultType.RESULT_OK = _result_type("RESULT_OK", 0)
ResultType.RESULT_EXCEPTION = _result_type("RESULT_EXCEPTION", 1)
ResultType.RESULT_UNDEFINED = _result_type("RESULT_UNDEFINED", -1)


class EventResult:
    """What a listener gave or raised; true when it gave something."""

    __slots__ = ("exception", "response_type", "value")

    def __init__(
        self,
        response_type: ResultType | None = None,
        value: Any = None,
        exception: BaseException | None = None,
    ) -> None:
        self.response_type = response_type
        self.value = value
        self.exception = exception

    def __bool__(self) -> bool:
        return self.response_type is ResultType.RESULT_OK

    def __repr__(self) -> str:
        return (
            f"EventResult(response_type={self.response_type!r}, value={self.value!r}, "
            f"exception={self.exception!r})"
        )


_UNDEFINED = EventResult(ResultType.RESULT_UNDEFINED)


if TYPE_CHECKING:
    _Results = dict[Any, EventResult]
else:
    _Results = dict


class EventResultDict(_Results):
    """Results by the names of their listeners; who did not listen has an undefined one."""

    def __init__(self) -> None:
        super().__init__()

    def __missing__(self, key: object) -> EventResult:
        return _UNDEFINED

    def __getattr__(self, name: str) -> EventResult:
        return self[name]


_TESTING_RAISE = os.environ.get("DD_TESTING_RAISE", "").lower() in ("1", "true")
_NOBODY = EventResultDict()


def _text(event_id: object) -> str:
    if not isinstance(event_id, str):
        kind = "'None'" if event_id is None else f"{type(event_id).__name__!r} object"
        raise TypeError(f"argument 'event_id': {kind} is not an instance of 'str'")
    return event_id


def on(event_id: str, callback: Callable[..., Any], name: object = None) -> None:
    """Listens to an event. A listener of the same name, or else the same callback, is replaced
    and keeps its place."""
    _text(event_id)
    key = callback if name is None else name
    while True:
        before = _rows.get(event_id, ())
        # Comparing runs the application's code: not under the lock.
        rows = list(before)
        for at, (other, _) in enumerate(before):
            if other is key or other == key:
                rows[at] = (key, callback)
                break
        else:
            rows.append((key, callback))
        with _changing:
            if _rows.get(event_id, ()) is before:
                _rows[event_id] = tuple(rows)
                break
    _tell_native(event_id, True)


def _tell_native(event_id: str, heard: bool) -> None:
    """Native code tells some events, when somebody hears them."""
    if event_id in ("trace.span_start", "trace.span_finish"):
        from ddtrace._trace.processor import listen

        listen(event_id, (lambda span: dispatch(event_id, (span,))) if heard else None)
    elif event_id == "ddtrace.context_provider.activate":
        from ddtrace._trace.tracer import tracer

        def activated(active: object) -> None:
            dispatch(event_id, (tracer.context_provider, active))

        _native.set_event(event_id, activated if heard else None)
    elif heard and event_id.startswith(("threading.", "asyncio.")):
        from ddtrace.internal import _carried_events

        if event_id in _carried_events.EVENTS:
            _carried_events.tell(event_id)
    elif event_id in ("span.exception", "web.request.final_tags", "http.span_inject"):
        _native.set_event(event_id, (lambda *args: dispatch(event_id, args)) if heard else None)


def reset(event_id: str | None = None, callback: Callable[..., Any] | None = None) -> None:
    """Forgets one listener, those of an event, or all."""
    if event_id is None or callback is None:
        with _changing:
            gone = list(_rows) if event_id is None else [event_id]
            for name in gone:
                _rows.pop(name, None)
        for name in gone:
            _tell_native(name, False)
        return
    while True:
        before = _rows.get(event_id, ())
        rows = tuple(row for row in before if row[1] is not callback and row[1] != callback)
        with _changing:
            if _rows.get(event_id, ()) is not before:
                continue
            if rows:
                _rows[event_id] = rows
            else:
                _rows.pop(event_id, None)
        if not rows:
            _tell_native(event_id, False)
        return


def has_listeners(event_id: str) -> bool:
    """Whether anybody listens."""
    return event_id in _rows


def _arguments(args: Iterable[Any] | None) -> tuple[Any, ...]:
    if type(args) is tuple:
        return args
    try:
        return tuple(args or ())
    except TypeError:
        return ()


def dispatch(event_id: str, args: Iterable[Any] | None = None, allow_raise: bool = False) -> None:
    """Calls the listeners in the order they came. An `Exception` of one is swallowed, unless
    `allow_raise`; what is more than that ends the dispatch."""
    rows = _rows.get(event_id)
    if rows is None:
        _text(event_id)
        return
    arguments = _arguments(args)
    for _, callback in rows:
        try:
            callback(*arguments)
        except Exception:
            if allow_raise or _TESTING_RAISE:
                raise


def dispatch_with_results(event_id: str, args: Iterable[Any] | None = None) -> EventResultDict:
    """The same, with what each of them gave."""
    rows = _rows.get(event_id)
    if rows is None:
        return _NOBODY
    arguments = _arguments(args)
    results = EventResultDict()
    for key, callback in rows:
        try:
            results[key] = EventResult(ResultType.RESULT_OK, callback(*arguments))
        except Exception as error:
            results[key] = EventResult(ResultType.RESULT_EXCEPTION, None, error)
    return results


def dispatch_event(event: Event, allow_raise: bool = False) -> None:
    """Dispatches an event that is an object."""
    dispatch(event.event_name, (event,), allow_raise)
