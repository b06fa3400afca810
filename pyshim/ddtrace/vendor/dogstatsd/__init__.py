"""Sending metrics, events and service checks to an agent.

>>> from ddtrace.vendor.dogstatsd import DogStatsd
>>> DogStatsd("localhost", 8125).increment("page.views", tags=["page:home"])
"""

from ddtrace.vendor.dogstatsd.base import DogStatsd, statsd

__all__ = ["DogStatsd", "statsd"]
