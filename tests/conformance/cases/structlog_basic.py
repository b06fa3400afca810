"""structlog: what an event says of the trace."""

import structlog
from ddtrace.trace import tracer


def keep_order(logger, name, event):
    return dict(sorted(event.items()))


print(sorted(structlog.get_config()))
structlog.configure(
    processors=[keep_order, structlog.processors.JSONRenderer(sort_keys=True)],
    logger_factory=structlog.PrintLoggerFactory(),
)
log = structlog.get_logger()
log.info("outside", a=1)
with tracer.trace("outer", service="own"):
    log.info("in outer")
    log.bind(b=2).warning("bound", **{"dd.env": "given"})
other = structlog.wrap_logger(
    structlog.PrintLogger(), processors=[structlog.processors.KeyValueRenderer(sort_keys=True)]
)
with tracer.trace("wrapped"):
    other.info("wrapped")
