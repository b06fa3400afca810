"""Names of tags and sampling decisions."""

ENV_KEY = "env"
VERSION_KEY = "version"
SERVICE_KEY = "service.name"
SERVICE_VERSION_KEY = "service.version"
SPAN_KIND = "span.kind"
APPSEC_ENV = "DD_APPSEC_ENABLED"
IAST_ENV = "DD_IAST_ENABLED"
MANUAL_DROP_KEY = "manual.drop"
MANUAL_KEEP_KEY = "manual.keep"
ERROR_MSG = "error.message"
ERROR_TYPE = "error.type"
ERROR_STACK = "error.stack"
PID = "process_id"
USER_REJECT = -1
AUTO_REJECT = 0
AUTO_KEEP = 1
USER_KEEP = 2
