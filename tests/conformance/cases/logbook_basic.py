"""logbook: records that say which trace and service they belong to."""

import logbook
from ddtrace.trace import tracer


class Shown(logbook.Handler):
    def emit(self, record):
        extra = {key: str(record.extra[key]) for key in sorted(record.extra)}
        print(record.level_name, record.message, extra)


log = logbook.Logger("case")
with Shown(level=logbook.DEBUG).applicationbound():
    log.info("outside")
    with tracer.trace("outer") as outer:
        log.info("inside {0}", 1)
        with tracer.trace("inner"):
            log.warning("deeper", extra={"own": "value"})
    try:
        raise ValueError("wrong")
    except ValueError:
        log.exception("failed")
    log.debug("done")
