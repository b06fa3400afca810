"""`Pin`: settings of one object, like a connection or a client, for whoever instruments it."""

from __future__ import annotations

from ddtrace import _contrib
from ddtrace.internal.compat import is_wrapted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_DD_PIN_NAME = "_datadog_pin"
# Proxies keep what is theirs under this prefix.
_DD_PIN_PROXY_NAME = "_self_" + _DD_PIN_NAME


class Pin:
    """Service and tags for the spans of one object.

    >>> Pin.override(connection, service="users-db")

    A pin does not change: `override` and `clone` make another one.
    """

    __slots__ = ("_config", "_initialized", "_target", "tags")

    def __init__(
        self,
        service: str | None = None,
        tags: dict[str, str] | None = None,
        _config: dict[str, Any] | None = None,
    ) -> None:
        self.tags = tags or {}
        self._target: int | None = None
        self._config = _config or {}
        if service is not None:
            self._config["service_name"] = service
        self._initialized = True

    @property
    def service(self) -> str | None:
        """The service of the object's spans."""
        service = self._config.get("service_name")
        return None if service is None else str(service)

    def __setattr__(self, name: str, value: Any) -> None:
        if getattr(self, "_initialized", False) and name != "_target":
            raise AttributeError("can't mutate a pin, use override() or clone() instead")
        object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        return f"Pin(service={self.service}, tags={self.tags})"

    @staticmethod
    def _find(*objs: Any) -> Pin | None:
        """The pin of the first of the objects that has one."""
        for obj in objs:
            pin = Pin.get_from(obj)
            if pin is not None:
                return pin
        return None

    @staticmethod
    def get_from(obj: Any) -> Pin | None:
        """The pin of an object; one that only its class has becomes its own."""
        if hasattr(obj, "__getddpin__"):
            pin: Pin | None = obj.__getddpin__()
            return pin
        name = _DD_PIN_PROXY_NAME if is_wrapted(obj) else _DD_PIN_NAME
        pin = getattr(obj, name, None)
        if pin is None and _any_beside:
            pin = _contrib.kept_pin(obj)
        if pin is not None and pin._target != id(obj):
            pin = pin.clone()
            pin.onto(obj)
        return pin

    @classmethod
    def override(
        cls, obj: Any, service: str | None = None, tags: dict[str, str] | None = None
    ) -> None:
        """Gives an object another service or other tags."""
        if not obj:
            return
        pin = cls.get_from(obj)
        if pin is None:
            cls(service=service, tags=tags).onto(obj)
        else:
            pin.clone(service=service, tags=tags).onto(obj)

    def enabled(self) -> bool:
        """Whether spans are made."""
        from ddtrace._trace.tracer import tracer

        return bool(tracer.enabled)

    def onto(self, obj: Any, send: bool = True) -> None:
        """Puts the pin on an object, or beside one that takes no attributes."""
        if send and hasattr(obj, "__setddpin__"):
            obj.__setddpin__(self)
            return
        name = _DD_PIN_PROXY_NAME if is_wrapted(obj) else _DD_PIN_NAME
        self._target = id(obj)
        try:
            setattr(obj, name, self)
        except (AttributeError, TypeError):
            _keep_beside(obj, self)
        _contrib.look_for_pins()

    def remove_from(self, obj: Any) -> None:
        """Takes the pin off an object."""
        name = _DD_PIN_PROXY_NAME if is_wrapted(obj) else _DD_PIN_NAME
        try:
            delattr(obj, name)
        except AttributeError:
            _contrib.keep_pin(obj, None)

    def clone(self, service: str | None = None, tags: dict[str, str] | None = None) -> Pin:
        """Another pin, equal but for what is given."""
        return Pin(
            service=service or self.service,
            tags=tags or dict(self.tags),
            _config=dict(self._config),
        )


_any_beside = False


def _keep_beside(obj: Any, pin: Pin) -> None:
    global _any_beside
    _any_beside = True
    _contrib.keep_pin(obj, pin)
