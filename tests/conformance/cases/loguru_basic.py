"""loguru: what a record says of the trace."""

import sys

from ddtrace.trace import tracer
from loguru import logger

KEYS = ("dd.trace_id", "dd.span_id", "dd.service", "dd.version", "dd.env")


def sink(message):
    extra = message.record["extra"]
    top = {key: value for key, value in message.record.items() if key.startswith("dd")}
    print(message.rstrip(), {key: extra[key] for key in KEYS if key in extra}, top, len(extra))


logger.remove()
logger.add(sink, format="{level} {message}")
logger.info("outside")
with tracer.trace("outer", service="own"):
    logger.info("in outer")
    logger.bind(user=1).warning("bound")
logger.configure(patcher=lambda record: record["extra"].update(mine=True))
logger.info("own patcher")
with tracer.trace("again"):
    logger.patch(lambda record: record["extra"].update(more=1)).info("patched")
logger.configure(handlers=[{"sink": sys.stdout, "format": "{message} {extra[mine]}"}])
logger.info("configured again")
