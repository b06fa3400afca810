"""logging: what a record says of the trace, inside and outside a span."""

import json
import logging
import logging.handlers
import sys

from ddtrace.trace import tracer

FIELDS = ("dd.trace_id", "dd.span_id", "dd.service", "dd.version", "dd.env")


class Fields(logging.Formatter):
    def format(self, record):
        return json.dumps({key: getattr(record, key, "absent") for key in FIELDS})


def handler(formatter):
    result = logging.StreamHandler(sys.stdout)
    result.setFormatter(formatter)
    return result


def logger(name, formatter):
    result = logging.getLogger(name)
    result.propagate = False
    result.setLevel(logging.INFO)
    result.addHandler(handler(formatter))
    return result


percent = "%(message)s trace=%(dd.trace_id)s span=%(dd.span_id)s s=%(dd.service)s"
percent += " v=%(dd.version)s e=%(dd.env)s"
loggers = [
    logger("fields", Fields()),
    logger("plain", logging.Formatter("%(levelname)s:%(name)s:%(message)s")),
    logger("percent", logging.Formatter(percent)),
    logger("brace", logging.Formatter("{message} {dd.trace_id} {dd.service}", style="{")),
    logger("dollar", logging.Formatter("${message}", style="$")),
]


def write(label):
    for each in loggers:
        each.info("%s", label)


write("outside")
with tracer.trace("outer", service="own"):
    write("in outer")
    with tracer.trace("inner"):
        write("in inner")
    try:
        1 / 0
    except ZeroDivisionError:
        loggers[1].exception("caught")
write("after")
record = logging.LogRecord("made", logging.INFO, "file.py", 1, "made %s", ("here",), None)
print(sorted(key for key in vars(record) if key.startswith("dd.")))
record = logging.makeLogRecord({"msg": "made", "dd.service": "mine"})
print(sorted((key, value) for key, value in vars(record).items() if key.startswith("dd.")))
with tracer.trace("again"):
    loggers[1].info("extra", extra={"dd.env": "given"})
    loggers[0].info("extra", extra={"dd.env": "given"})
root = logging.getLogger()
logging.basicConfig(stream=sys.stdout, level=logging.INFO)
root.info("root")
with tracer.trace("last"):
    root.info("root in a span")
