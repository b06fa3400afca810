"""`ddtrace.config`: what the user wants, seen from Python and changed from there."""

from __future__ import annotations

from ddtrace import _contrib, _native
from ddtrace.internal._integrations import SETTINGS
from ddtrace.internal.settings import _sources
from ddtrace.internal.settings.env import env
from ddtrace.internal.settings.http import HttpConfig
from ddtrace.internal.settings.integration import IntegrationConfig, defaults_of
from ddtrace.internal.utils.formats import parse_tags_str

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Config", "config"]


def _log_error(message: str, *args: object) -> None:
    from ddtrace.internal.logger import get_logger

    get_logger(__name__).error(message, *args)


INTEGRATION_CONFIGS = frozenset(SETTINGS)


def _deepmerge(source: dict[Any, Any], destination: dict[Any, Any]) -> dict[Any, Any]:
    """Puts `source` into `destination`, maps inside maps included."""
    for key, value in source.items():
        if isinstance(value, dict):
            _deepmerge(value, destination.setdefault(key, {}))
        else:
            destination[key] = value
    return destination


def get_error_ranges(error_range_str: str) -> list[tuple[int, int]]:
    """The ranges of "500-599,404"; what cannot be read is logged and left out."""
    ranges = []
    for piece in filter(None, (piece.strip() for piece in error_range_str.split(","))):
        ends = piece.split("-")
        try:
            numbers = sorted(int(end) for end in ends)
        except ValueError:
            _log_error("Error status codes was not a number %s", ends)
            continue
        ranges.append((numbers[0], numbers[-1]))
    return ranges


class _ConfigItem:
    """A setting whose value has several sources; the strongest one that is set is in force."""

    def __init__(self, name: str, default: Any, env_value: Any) -> None:
        self._name = name
        self._default_value = default
        self._env_value = env_value
        self._code_value: Any = None
        self._rc_value: Any = None

    def set_value(self, value: Any, source: str) -> None:
        """Sets, or with None removes, the value of one source."""
        if source == "remote_config":
            self._rc_value = value
        elif source == "code":
            self._code_value = value
        else:
            _log_error("Invalid source: %s", source)

    def value(self) -> Any:
        """What is in force."""
        for value in (self._rc_value, self._code_value, self._env_value):
            if value is not None:
                return value
        return self._default_value

    def source(self) -> str:
        """Where it comes from."""
        if self._rc_value is not None:
            return "remote_config"
        if self._code_value is not None:
            return "code"
        return "default" if self._env_value is None else "env_var"

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} name={self._name} default={self._default_value} "
            f"env_value={self._env_value} user_value={self._code_value} "
            f"remote_config_value={self._rc_value}>"
        )


class Config:
    """The configuration. Integrations are attributes: `config.flask["service_name"]`.

    Any attribute may be set; an unknown one cannot be read.
    """

    class _HTTPServerConfig:
        """What makes an error of a response."""

        def __init__(self) -> None:
            self._set(env.get("DD_TRACE_HTTP_SERVER_ERROR_STATUSES", "500-599"))

        def _set(self, statuses: str) -> None:
            self._error_statuses = statuses
            self._error_ranges = get_error_ranges(statuses)

            def is_error_code(status_code: int) -> bool:
                return any(low <= status_code <= high for low, high in self._error_ranges)

            self.is_error_code = is_error_code

        @property
        def error_statuses(self) -> str:
            """The statuses, "500-599,404"."""
            return self._error_statuses

        @error_statuses.setter
        def error_statuses(self, value: str) -> None:
            self._set(value)
            _contrib.set_settings({"DD_TRACE_HTTP_SERVER_ERROR_STATUSES": value})

        @property
        def error_ranges(self) -> list[tuple[int, int]]:
            """The same as pairs."""
            return self._error_ranges

    service: str | None
    env: str | None
    version: str | None
    tags: dict[str, str]
    service_mapping: dict[str, str]
    _http: HttpConfig
    _http_server: _HTTPServerConfig
    _integration_configs: dict[str, IntegrationConfig]

    def __init__(self) -> None:
        own = self.__dict__
        service, inferred, env_name, version, tags = _sources.process()
        own["_integration_configs"] = {}
        own["_told"] = set()
        own["service"] = service or None
        own["_is_user_provided_service"] = not inferred and bool(service)
        own["_inferred_base_service"] = _sources.inferred_service() or (service or None)
        own["env"] = env_name or None
        own["version"] = version or None
        own["service_mapping"] = parse_tags_str(env.get("DD_SERVICE_MAPPING", ""))
        own["_unparsed_service_mapping"] = env.get("DD_SERVICE_MAPPING", "")
        header_tags = parse_tags_str(env.get("DD_TRACE_HEADER_TAGS", ""))
        own["_http"] = HttpConfig(header_tags)
        own["_http"]._changed = self._http_changed
        own["_http_server"] = self._HTTPServerConfig()
        own["_config"] = {
            "_trace_sampling_rules": _ConfigItem(
                "DD_TRACE_SAMPLING_RULES", "", _sources.sampling_rules()
            ),
            "_logs_injection": _ConfigItem(
                "DD_LOGS_INJECTION", True, _sources.log_injection_if_set()
            ),
            "_trace_http_header_tags": _ConfigItem(
                "DD_TRACE_HEADER_TAGS", {}, header_tags or None
            ),
            "tags": _ConfigItem("DD_TAGS", {}, _sources.tags(tags) or None),
            "_tracing_enabled": _ConfigItem(
                "DD_TRACE_ENABLED", True, _sources.flag_if_set("DD_TRACE_ENABLED")
            ),
            "_llmobs_enabled": _ConfigItem(
                "DD_LLMOBS_ENABLED", False, _sources.flag_if_set("DD_LLMOBS_ENABLED")
            ),
            "_llmobs_ml_app": _ConfigItem("DD_LLMOBS_ML_APP", None, env.get("DD_LLMOBS_ML_APP")),
            "_llmobs_sample_rate": _ConfigItem(
                "DD_LLMOBS_SAMPLE_RATE", 1.0, _sources.number_if_set("DD_LLMOBS_SAMPLE_RATE")
            ),
            "_llmobs_sampling_rules": _ConfigItem(
                "DD_LLMOBS_SAMPLING_RULES", "", env.get("DD_LLMOBS_SAMPLING_RULES")
            ),
        }
        own.update(_sources.attributes())

    def __getattr__(self, name: str) -> Any:
        items = self.__dict__.get("_config", {})
        if name in items:
            return items[name].value()
        if name in INTEGRATION_CONFIGS:
            made = self._integration_configs.get(name)
            if made is None:
                made = IntegrationConfig(
                    self, name, defaults_of(name, self._http_client_tag_query_string)
                )
                self._integration_configs[name] = made
            return made
        if name in _sources.LATE:
            value = self.__dict__[name] = _sources.LATE[name]()
            return value
        raise AttributeError(
            f"{type(self)} object has no attribute {name}, {name} is not a valid configuration"
        )

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *_sources.LATE]

    def __setattr__(self, name: str, value: Any) -> None:
        items = self.__dict__.get("_config", {})
        if name in items:
            items[name].set_value(value, "code")
            if name == "_logs_injection":
                _contrib.set_settings({"DD_LOGS_INJECTION": "true" if value else "false"})
            return
        self.__dict__[name] = value
        if name in ("service", "env", "version"):
            self._tell_process()
        elif name == "service_mapping" and isinstance(value, dict):
            mapping = ",".join(f"{key}:{to}" for key, to in value.items())
            _contrib.set_settings({"DD_SERVICE_MAPPING": mapping})
            _native.set_service_mapping(value)
        elif name == "_http" and isinstance(value, HttpConfig):
            value._changed = self._http_changed
            self._http_changed(value)
        elif variable := _sources.variable_of(name):
            self._tell_setting(variable, _sources.as_text(name, value))

    def _tell_setting(self, variable: str, text: str | None) -> None:
        if text is None:
            self._told.discard(variable)
        else:
            self._told.add(variable)
        _native.set_setting(variable, text)
        _contrib.set_settings({variable: text})

    def _tell_process(self) -> None:
        service = self.service
        users = service != self._inferred_base_service or self._is_user_provided_service
        _contrib.set_process(service, users, self.env, self.version)

    def _http_changed(self, http: HttpConfig) -> None:
        query = http.trace_query_string
        _contrib.set_settings(
            {
                "DD_TRACE_HEADER_TAGS": http._as_text(),
                "DD_TRACE_QUERY_STRING": None if query is None else str(query).lower(),
            }
        )

    def _add(self, integration: str, settings: dict[str, Any], merge: bool = True) -> None:
        """Gives an integration settings; what the user set before goes before them."""
        if integration not in INTEGRATION_CONFIGS:
            _log_error(
                "%s not found in INTEGRATION_CONFIGS, the following settings will be ignored: %s",
                integration,
                settings,
            )
            return
        if merge:
            existing = getattr(self, integration)
            from copy import deepcopy

            merged = _deepmerge(dict(existing), deepcopy(dict(settings)))
            http, hooks = existing.http, existing.hooks
            made = IntegrationConfig(self, integration, merged)
            made.__dict__.update(http=http, hooks=hooks)
        else:
            made = IntegrationConfig(self, integration, settings)
        http_owner = made.http
        http_owner._changed = made._http_changed
        self._integration_configs[integration] = made
        made._tell_all()

    def _header_tag_name(self, header_name: str) -> str | None:
        return self._http._header_tag_name(header_name)

    def _get_service(self, default: str | None = None) -> str | None:
        """The service the user named, else `default`, else the inferred one."""
        if default is not None and not self._is_user_provided_service:
            if self.service == self._inferred_base_service:
                return default
        return self.service if self.service is not None else default

    def _add_extra_service(self, service_name: str) -> None:
        """Remembers a service that spans of this process have, beside its own."""
        if service_name and service_name != self.service and len(self._extra_services) < 64:
            self._extra_services.add(service_name)

    def _get_extra_services(self) -> set[str]:
        services: set[str] = self._extra_services
        return services

    def _recompute_integration_default_services(self) -> None:
        self._integration_default_services = frozenset(
            made["_default_service"]
            for made in self._integration_configs.values()
            if made.get("_default_service")
        )

    def _lower(self, value: str) -> str:
        return value.lower()

    def _reset(self) -> None:
        """Back to what the environment says."""
        for variable in tuple(self._told):
            self._tell_setting(variable, None)
        fresh = type(self)()
        self.__dict__.update(fresh.__dict__)
        self.__dict__["_http"]._changed = self._http_changed
        self._tell_process()

    def __reduce__(self) -> str:
        return "config"

    def __deepcopy__(self, memo: object) -> Config:
        return self


config = Config()
