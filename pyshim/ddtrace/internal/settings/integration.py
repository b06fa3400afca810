"""Settings of one integration."""

from __future__ import annotations

from ddtrace import _contrib
from ddtrace.internal._integrations import SETTINGS
from ddtrace.internal.settings.env import env
from ddtrace.internal.settings.http import HttpConfig
from ddtrace.internal.utils.attrdict import AttrDict
from ddtrace.internal.utils.formats import asbool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ddtrace.internal.settings._config import Config


def _integration_env_var_id(name: str) -> str:
    """The form of an integration's name inside variables."""
    return name.replace("-", "_").upper()


def _text(value: object) -> str | None:
    """A value as it would be written in the environment; None when it cannot be."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value) if isinstance(value, (str, int, float)) else None


def _from_text(text: str, default: object) -> object:
    if isinstance(default, bool):
        return asbool(text)
    if isinstance(default, int):
        try:
            return int(text)
        except ValueError:
            return default
    return text.split(",") if isinstance(default, list) else text


def _is_its_own(section: str, variable: str) -> bool:
    """Whether no other integration reads the variable."""
    if variable.startswith(f"DD_{_integration_env_var_id(section)}_"):
        return True
    rows = (row for settings in SETTINGS.values() for row in settings.values())
    return bool(variable) and sum(row[0] == variable for row in rows) == 1


#: whose database an integration speaks to, where it is not called after it
_DATABASES = {"psycopg": "postgresql", "pymysql": "mysql", "mysqldb": "mysql"}


class Hooks:
    """Hooks of integrations, which do nothing any more."""

    def _deprecate(self, what: str, message: str) -> None:
        from ddtrace.internal.utils.deprecations import deprecate

        deprecate(what, message=message, removal_version="5.0.0", stacklevel=4)

    def register(self, hook: object, func: Callable[..., Any] | None = None) -> Any:
        """Deprecated; does nothing. Usable as a decorator."""
        self._deprecate(
            "Hooks.register() is deprecated and is currently a no-op.",
            "To interact with spans, use get_current_span() or get_current_root_span().",
        )
        if func is None:

            def wrapper(func: Callable[..., Any]) -> Callable[..., Any]:
                return func

            return wrapper
        return None

    on = register

    def deregister(self, hook: object, func: Callable[..., Any]) -> None:
        """Deprecated; does nothing."""
        self._deprecate(
            "Hooks.deregister() is deprecated and is currently a no-op.",
            "To interact with spans, use get_current_span() or get_current_root_span().",
        )

    def emit(self, hook: object, *args: Any, **kwargs: Any) -> None:
        """Deprecated; does nothing."""
        self._deprecate(
            "Hooks.emit() is deprecated",
            "Use tracer.current_span() or TraceFilters to retrieve and/or modify spans",
        )


class IntegrationConfig(AttrDict):
    """The settings of an integration, as entries and as attributes.

    What is written here holds for the calls that come after.
    """

    APP_ANALYTICS_CONFIG_NAMES = ("analytics_enabled", "analytics_sample_rate")

    # They are attributes, not entries.
    global_config: Config
    integration_name: str
    http: HttpConfig
    hooks: Hooks
    http_tag_query_string: bool

    def __init__(self, global_config: Config, name: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = self.__dict__
        own["global_config"] = global_config
        own["integration_name"] = name
        own["http"] = HttpConfig()
        own["http"]._changed = self._http_changed
        own["hooks"] = Hooks()
        service = env.get(f"DD_{_integration_env_var_id(name)}_SERVICE")
        defaults = {
            "analytics_enabled": False,
            "analytics_sample_rate": 1.0,
            "service": service,
            "service_name": service,
        }
        for key, value in defaults.items():
            dict.setdefault(self, key, value)
        own["http_tag_query_string"] = self.get_http_tag_query_string(
            self.get("default_http_tag_query_string")
        )

    @property
    def trace_query_string(self) -> bool | None:
        """Whether query strings are tagged, here or globally."""
        here = self.http.trace_query_string
        return self.global_config._http.trace_query_string if here is None else here

    @property
    def is_header_tracing_configured(self) -> bool:
        """Whether any header is to be tagged, here or globally."""
        return (
            self.http.is_header_tracing_configured
            or self.global_config._http.is_header_tracing_configured
        )

    def header_is_traced(self, header_name: str) -> bool:
        """Whether a header is to be tagged, here or globally."""
        return self._header_tag_name(header_name) is not None

    def _header_tag_name(self, header_name: str) -> str | None:
        tag = self.http._header_tag_name(header_name)
        return self.global_config._header_tag_name(header_name) if tag is None else tag

    def get_http_tag_query_string(self, value: Any) -> bool:
        """Whether URLs keep their query."""
        if self.global_config._http_tag_query_string:
            wanted = self.global_config._http_client_tag_query_string if value is None else value
            return wanted if isinstance(wanted, bool) else asbool(str(wanted).lower())
        return False

    def get_analytics_sample_rate(self, use_global_config: bool = False) -> float:
        """Legacy; no effect."""
        rate: float = 1
        return rate

    def copy(self) -> IntegrationConfig:
        """An equal one, of its own."""
        from copy import deepcopy

        new = type(self)(self.global_config, self.integration_name, dict(self))
        new.__dict__["http"] = deepcopy(self.http)
        new.__dict__["hooks"] = self.hooks
        return new

    __copy__ = copy

    def __deepcopy__(self, memo: object) -> IntegrationConfig:
        from copy import deepcopy

        new = type(self)(self.global_config, self.integration_name, deepcopy(dict(self)))
        new.__dict__["http"] = deepcopy(self.http)
        return new

    def __reduce__(self) -> Any:
        return (_restore, (self.integration_name, dict(self)))

    # Writes reach the native integrations as if they stood in the environment.

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        self._tell(key)

    def __delitem__(self, key: str) -> None:
        super().__delitem__(key)
        self._tell(key)

    def update(self, *args: Any, **kwargs: Any) -> None:
        changes = dict(*args, **kwargs)
        super().update(changes)
        self._tell(*changes)

    def setdefault(self, key: str, default: Any = None) -> Any:
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key: str, *default: Any) -> Any:
        known = key in self
        value = super().pop(key, *default)
        if known:
            self._tell(key)
        return value

    def clear(self) -> None:
        keys = list(self)
        super().clear()
        self._tell(*keys)

    def _tell(self, *keys: str) -> None:
        # A copy is only data: what counts is the object that the configuration holds.
        if self.global_config._integration_configs.get(self.integration_name) is not self:
            return
        prefix = f"DD_{_integration_env_var_id(self.integration_name)}_"
        told: dict[str, str | None] = {}
        for key in keys:
            if key in ("service", "service_name"):
                service = self.get("service") or self.get("service_name")
                told[prefix + "SERVICE"] = _text(service)
            elif key in ("distributed_tracing", "distributed_tracing_enabled"):
                told[prefix + "DISTRIBUTED_TRACING"] = _text(self.get(key))
            elif key != "trace_query_string":  # said in `http`; an entry of that name means nothing
                told[prefix + key.upper().lstrip("_")] = _text(self.get(key))
            variable = SETTINGS.get(self.integration_name, {}).get(key, ("", None))[0]
            if _is_its_own(self.integration_name, variable):
                told[variable] = _text(self.get(key))
        if told:
            _contrib.set_settings(told)

    def _tell_all(self) -> None:
        if self.http.is_header_tracing_configured:
            self._http_changed(self.http)
        self._tell(*self)

    def _http_changed(self, http: HttpConfig) -> None:
        prefix = f"DD_{_integration_env_var_id(self.integration_name)}_"
        query = http.trace_query_string
        _contrib.set_settings(
            {
                prefix + "HEADER_TAGS": http._as_text() or None,
                prefix + "TRACE_QUERY_STRING": None if query is None else _text(query),
            }
        )

    def __setattr__(self, key: str, value: Any) -> None:
        super().__setattr__(key, value)
        if key == "http" and isinstance(value, HttpConfig):
            value._changed = self._http_changed
            self._http_changed(value)
        elif key == "http_tag_query_string":
            variable = f"DD_{_integration_env_var_id(self.integration_name)}_HTTP_TAG_QUERY_STRING"
            _contrib.set_settings({variable: _text(bool(value))})

    def __repr__(self) -> str:
        return f"{type(self).__module__}.{type(self).__name__}({', '.join(self)})"


def _restore(name: str, settings: dict[str, Any]) -> IntegrationConfig:
    from ddtrace.internal.settings._config import config

    return IntegrationConfig(config, name, settings)


def _names_services_otherwise() -> bool:
    """Whether integrations have no services of their own."""
    return env.get("DD_TRACE_SPAN_ATTRIBUTE_SCHEMA") == "v1" or asbool(
        env.get("DD_TRACE_REMOVE_INTEGRATION_SERVICE_NAMES_ENABLED")
    )


def defaults_of(name: str, http_client_query: object) -> dict[str, Any]:
    """What an integration starts with: its own settings, from the environment or built in."""
    out: dict[str, Any] = {}
    for key, (variable, default) in SETTINGS[name].items():
        if variable == "DD_TRACE_HTTP_CLIENT_TAG_QUERY_STRING":
            out[key] = http_client_query
            continue
        # The WSGI middleware's own name is the same under every schema.
        if key == "_default_service" and name != "wsgi" and _names_services_otherwise():
            from ddtrace.internal.schema import schematize_service_name

            default = schematize_service_name(str(default))
        if key == "_dbapi_span_operation_name":
            from ddtrace.internal.schema import schematize_database_operation

            default = schematize_database_operation(str(default), _DATABASES.get(name, name))
        text = env.get(variable) if variable else None
        out[key] = default if text is None else _from_text(text, default)
    return out
