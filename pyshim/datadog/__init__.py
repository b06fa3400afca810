"""One client for traces, metrics, logs and profiles: `DDClient(DDConfig(...))`.

Where another distribution has installed a package `datadog`, that one is imported; this is always
there as `ddtrace.datadog`.
"""

from ddtrace import datadog as _home
from ddtrace.datadog import DDClient as DDClient
from ddtrace.datadog import DDConfig as DDConfig
from ddtrace.datadog import DDLogHandler as DDLogHandler
from ddtrace.datadog import FlushError as FlushError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ddtrace.contrib.asgi import TraceMiddleware

    DDASGIMiddleware = TraceMiddleware
    client: DDClient


def __getattr__(name: str) -> object:
    if name in ("client", "DDASGIMiddleware"):  # the first is there under datadog-run only
        return getattr(_home, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
