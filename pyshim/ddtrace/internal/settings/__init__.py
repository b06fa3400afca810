"""Settings."""

from ddtrace.internal.settings.env import env

__all__ = ["env"]
