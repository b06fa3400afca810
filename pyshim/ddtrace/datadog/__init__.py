"""One client for traces, metrics, logs and profiles.

>>> from datadog import DDClient, DDConfig
>>> client = DDClient(DDConfig(service="shop", env="prod", version="1.2"))
>>> client.info("ready")
>>> with client.trace("checkout"):
...     client.count("orders")
>>> client.flush()

Under `datadog-run` the name `client` of this package is one that the environment has configured.
"""

from ddtrace.datadog._client import DDClient as DDClient
from ddtrace.datadog._config import DDConfig as DDConfig
from ddtrace.datadog._intake import FlushError as FlushError
from ddtrace.datadog._logs import DDLogHandler as DDLogHandler

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ddtrace.contrib.asgi import TraceMiddleware

    DDASGIMiddleware = TraceMiddleware
    client: DDClient


def __getattr__(name: str) -> object:
    if name == "DDASGIMiddleware":
        from ddtrace.contrib.asgi import TraceMiddleware

        return TraceMiddleware
    if name == "client":
        import os

        if os.environ.get("_DD_CLIENT_LAUNCHED") == "1":
            made = globals()["client"] = DDClient(DDConfig(default_config={"tracing_patch": True}))
            return made
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
