"""The options of a client: where each value comes from, and what it may be."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ddtrace.datadog import _options
from ddtrace.datadog._options import Option

_TABLE = (
    Option("agent_url", str, "localhost", "DD_TRACE_AGENT_URL",
           "The agent: host, host:port, http(s)://..., unix://... or a path.", _options.agent_url),
    Option("agent_hostname", str, "", "DD_AGENT_HOST", "The agent's host, when there is no URL."),
    Option("api_key", str, "", "DD_API_KEY", "For logs and metrics that go to the intake."),
    Option("datadog_site", str, "datadoghq.com", "DD_SITE", "The site to send to.", _options.site),
    Option("datadog_hostname", str, "", "DD_HOSTNAME", "The name of this host; else asked of it."),
    Option("remote_configuration_enabled", bool, True, "DD_REMOTE_CONFIGURATION_ENABLED",
           "Whether the agent may change settings."),
    Option("service", str, "", "DD_SERVICE", "The name of this application."),
    Option("env", str, "", "DD_ENV", "Where it runs."),
    Option("version", str, "", "DD_VERSION", "The version of the application."),
    Option("version_use_git", bool, False, "DD_VERSION_USE_GIT",
           "The version is the commit that is checked out."),
    Option("metrics_port", int, 8125, "DD_DOGSTATSD_PORT", "The agent's port for metrics.",
           _options.one_of_ports),
    Option("tracing_port", int, 8126, "DD_AGENT_PORT", "The agent's port for traces.",
           _options.one_of_ports),
    Option("tracing_enabled", bool, True, "DD_TRACE_ENABLED", "Whether traces are sent."),
    Option("tracing_patch", bool, False, "DD_TRACE_PATCH", "Whether libraries are traced."),
    Option("tracing_modules", list, [], "DD_TRACE_MODULES",
           "The libraries; all that are known when it is empty.", _options.integrations),
    Option("tracing_sampling_rules", list, [], "DD_TRACE_SAMPLING_RULES",
           "Rows of (service, env, rate).", _options.sampling_rules),
    Option("tracing_integration_configs", dict, {}, "", "Settings of integrations, by name.",
           _options.integration_settings),
    Option("profiling_enabled", bool, False, "DD_PROFILING_ENABLED", "Whether to profile."),
    Option("security_enabled", bool, False, "DD_APPSEC_ENABLED", "Whether to watch for attacks."),
    Option("runtime_metrics_enabled", bool, False, "DD_RUNTIME_METRICS_ENABLED",
           "Whether metrics of the interpreter are sent."),
    Option("llmobs_enabled", bool, False, "DD_LLMOBS_ENABLED", "Whether to observe language models."),
    Option("llmobs_ml_app", str, "", "DD_LLMOBS_ML_APP", "The name of the application there."),
    Option("llmobs_project_name", str, "", "DD_LLMOBS_PROJECT_NAME", "The project of experiments."),
    Option("llmobs_app_key", str, "", "DD_APP_KEY", "For data sets and experiments."),
    Option("llmobs_agentless_enabled", bool, False, "DD_LLMOBS_AGENTLESS_ENABLED",
           "Whether that goes to the intake without an agent."),
    Option("llmobs_integrations_enabled", bool, True, "DD_LLMOBS_INTEGRATIONS_ENABLED",
           "Whether libraries of language models are observed."),
    Option("flush_period", float, 10.0, "DD_CLIENT_FLUSH_PERIOD",
           "Seconds between two times that metrics are sent.", _options.positive),
    Option("logs_flush_period", float, 0.5, "DD_CLIENT_LOGS_FLUSH_PERIOD",
           "Seconds between two times that logs are sent.", _options.positive),
    Option("buffer_size", int, 1000, "DD_CLIENT_BUFFER_SIZE",
           "Logs or metrics that are sent at once.", _options.positive),
    Option("logs_url", str, "", "DD_LOGS_INTAKE_URL", "The intake of logs; else that of the site."),
    Option("metrics_url", str, "", "DD_METRICS_INTAKE_URL",
           "The intake of metrics; else that of the site."),
)
OPTIONS: dict[str, Option] = {option.name: option for option in _TABLE}


def git_version() -> str:
    """The first six digits of the commit that is checked out. Raises ValueError."""
    import subprocess

    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise ValueError(f"option 'version_use_git': git cannot be run: {error}") from None
    if done.returncode:
        raise ValueError("option 'version_use_git': this is no git repository")
    return done.stdout[:6]


class DDConfig:
    """What a client is made with.

    A value is taken from the arguments, else from the environment, else from `default_config`, else
    it is the built-in default; `origin()` tells which. Nothing is required. Values of a wrong type
    or meaning raise TypeError or ValueError that name the option.
    """

    agent_url: str
    agent_hostname: str
    api_key: str
    datadog_site: str
    datadog_hostname: str
    remote_configuration_enabled: bool
    service: str
    env: str
    version: str
    version_use_git: bool
    metrics_port: int
    tracing_port: int
    tracing_enabled: bool
    tracing_patch: bool
    tracing_modules: list[str]
    tracing_sampling_rules: list[tuple[str | None, str | None, float]]
    tracing_integration_configs: Mapping[str, Mapping[str, Any]]
    profiling_enabled: bool
    security_enabled: bool
    runtime_metrics_enabled: bool
    llmobs_enabled: bool
    llmobs_ml_app: str
    llmobs_project_name: str
    llmobs_app_key: str
    llmobs_agentless_enabled: bool
    llmobs_integrations_enabled: bool
    flush_period: float
    logs_flush_period: float
    buffer_size: int
    logs_url: str
    metrics_url: str

    def __init__(
        self,
        default_config: Mapping[str, Any] | None = None,
        *,
        agent_url: str | None = None,
        agent_hostname: str | None = None,
        api_key: str | None = None,
        datadog_site: str | None = None,
        datadog_hostname: str | None = None,
        remote_configuration_enabled: bool | None = None,
        service: str | None = None,
        env: str | None = None,
        version: str | None = None,
        version_use_git: bool | None = None,
        metrics_port: int | None = None,
        tracing_port: int | None = None,
        tracing_enabled: bool | None = None,
        tracing_patch: bool | None = None,
        tracing_modules: list[str] | None = None,
        tracing_sampling_rules: list[tuple[str | None, str | None, float]] | None = None,
        tracing_integration_configs: Mapping[str, Mapping[str, Any]] | None = None,
        profiling_enabled: bool | None = None,
        security_enabled: bool | None = None,
        runtime_metrics_enabled: bool | None = None,
        llmobs_enabled: bool | None = None,
        llmobs_ml_app: str | None = None,
        llmobs_project_name: str | None = None,
        llmobs_app_key: str | None = None,
        llmobs_agentless_enabled: bool | None = None,
        llmobs_integrations_enabled: bool | None = None,
        flush_period: float | None = None,
        logs_flush_period: float | None = None,
        buffer_size: int | None = None,
        logs_url: str | None = None,
        metrics_url: str | None = None,
    ) -> None:
        given = {name: value for name, value in locals().items() if name in OPTIONS}
        defaults = dict(default_config or {})
        if unknown := sorted(set(defaults) - set(OPTIONS)):
            raise ValueError(f"default_config has no option {', '.join(map(repr, unknown))}")
        self._origins: dict[str, str] = {}
        for option in _TABLE:
            setattr(self, option.name, self._resolve(option, given[option.name], defaults))
        self._resolve_version()
        self._resolve_agent()

    def _resolve(self, option: Option, given: Any, defaults: Mapping[str, Any]) -> Any:
        if given is not None:
            self._origins[option.name] = "argument"
            return _options.checked(option, given)
        text = os.environ.get(option.variable) if option.variable else None
        if text:
            self._origins[option.name] = "environment"
            try:
                return _options.checked(option, _options.from_text(option, text))
            except (TypeError, ValueError, AttributeError) as error:
                raise ValueError(f"{option.variable}={text!r}: {error}") from None
        if option.name in defaults:
            self._origins[option.name] = "default_config"
            return _options.checked(option, defaults[option.name])
        self._origins[option.name] = "default"
        return option.default

    def _resolve_version(self) -> None:
        if not self.version_use_git:
            return
        if self.version:
            raise ValueError("options 'version' and 'version_use_git' are ambiguous: give one")
        self.version = git_version()
        self._origins["version"] = self.origin("version_use_git")

    def _resolve_agent(self) -> None:
        """A URL with a port for what says only where the agent is."""
        if self.agent_hostname and self._rank("agent_url") < self._rank("agent_hostname"):
            self.agent_url = self.agent_hostname
            self._origins["agent_url"] = self.origin("agent_hostname")
        url = _options.agent_url(self.agent_url)
        if not url.startswith("unix://"):
            from urllib.parse import urlsplit

            if urlsplit(url).port is None:
                url = f"{url}:{self.tracing_port}"
        self.agent_url = url

    def _rank(self, option: str) -> int:
        return ("default", "default_config", "environment", "argument").index(self.origin(option))

    def origin(self, option: str) -> str:
        """"argument", "environment", "default_config" or "default". Raises KeyError."""
        return self._origins[option]

    def is_user_set(self, option: str) -> bool:
        """Whether the user has set the option, in code or in the environment."""
        return self.origin(option) in ("argument", "environment")

    def __repr__(self) -> str:
        shown = (
            f"{name}={'***' if name.endswith('_key') else repr(getattr(self, name))}"
            for name in OPTIONS
            if self.origin(name) != "default"
        )
        return f"DDConfig({', '.join(shown)})"
