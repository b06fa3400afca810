"""Whether products run without tracing."""

from __future__ import annotations

from ddtrace import _native
from ddtrace.internal.settings.env import env
from ddtrace.internal.utils.formats import asbool


class StandaloneConfig:
    """Programs may change what they read from here."""

    _standalone_config_keys = ["apm_tracing_enabled"]

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """As the environment says."""
        self.apm_tracing_enabled = asbool(env.get("DD_APM_TRACING_ENABLED", "true"))

    @property
    def apm_opt_out(self) -> bool:
        """Whether traces are there for a product only."""
        return not self.apm_tracing_enabled and _native.opt_out()


standalone_config = StandaloneConfig()
