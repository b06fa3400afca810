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

# Tags that the tracer sets itself.
_AI_OBS_ENABLED_KEY = "_dd.ai_obs.enabled"
_APM_ENABLED_METRIC_KEY = "_dd.apm.enabled"
_BASE_SERVICE_KEY = "_dd.base_service"
_DJM_ENABLED_KEY = "_dd.djm.enabled"
_FILTER_KEPT_KEY = "_dd.filter.kept"
_HOSTNAME_KEY = "_dd.hostname"
_INFERRED_SPAN_KEY = "_dd.inferred_span"
_KEEP_SPANS_RATE_KEY = "_dd.tracer_kr"
_MULTIPLE_IP_HEADERS = "_dd.multiple-ip-headers"
_ORIGIN_KEY = "_dd.origin"
_RUNTIME_FAMILY = "_dd.runtime_family"
_SAMPLING_AGENT_DECISION = "_dd.agent_psr"
_SAMPLING_LIMIT_DECISION = "_dd.limit_psr"
_SAMPLING_PRIORITY_KEY = "_sampling_priority_v1"
_SAMPLING_RULE_DECISION = "_dd.rule_psr"
_SINGLE_SPAN_SAMPLING_MAX_PER_SEC = "_dd.span_sampling.max_per_second"
_SINGLE_SPAN_SAMPLING_MAX_PER_SEC_NO_LIMIT = -1
_SINGLE_SPAN_SAMPLING_MECHANISM = "_dd.span_sampling.mechanism"
_SINGLE_SPAN_SAMPLING_RATE = "_dd.span_sampling.rule_rate"
_SPAN_MEASURED_KEY = "_dd.measured"
_USER_ID_KEY = "_dd.p.usr.id"

# Settings of a place that settings are fetched from.
_CONFIG_ENDPOINT_ENV = "_DD_CONFIG_ENDPOINT"
_CONFIG_ENDPOINT_RETRIES_ENV = "_DD_CONFIG_ENDPOINT_RETRIES"
_CONFIG_ENDPOINT_TIMEOUT_ENV = "_DD_CONFIG_ENDPOINT_TIMEOUT"
