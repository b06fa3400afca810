"""Help for instrumentation that is written by hand."""

from ddtrace.contrib.internal.redis_utils import MULTI_KEY_COMMANDS as MULTI_KEY_COMMANDS
from ddtrace.contrib.internal.redis_utils import ROW_RETURNING_COMMANDS as ROW_RETURNING_COMMANDS
from ddtrace.contrib.internal.redis_utils import SINGLE_KEY_COMMANDS as SINGLE_KEY_COMMANDS
from ddtrace.contrib.internal.redis_utils import determine_row_count as determine_row_count
from ddtrace.contrib.internal.trace_utils import IP_PATTERNS as IP_PATTERNS
from ddtrace.contrib.internal.trace_utils import NORMALIZE_PATTERN as NORMALIZE_PATTERN
from ddtrace.contrib.internal.trace_utils import REQUEST as REQUEST
from ddtrace.contrib.internal.trace_utils import RESPONSE as RESPONSE
from ddtrace.contrib.internal.trace_utils import USER_AGENT_PATTERNS as USER_AGENT_PATTERNS
from ddtrace.contrib.internal.trace_utils import activate_distributed_headers as activate_distributed_headers
from ddtrace.contrib.internal.trace_utils import distributed_tracing_enabled as distributed_tracing_enabled
from ddtrace.contrib.internal.trace_utils import ext_service as ext_service
from ddtrace.contrib.internal.trace_utils import extract_netloc_and_query_info_from_url as extract_netloc_and_query_info_from_url
from ddtrace.contrib.internal.trace_utils import int_service as int_service
from ddtrace.contrib.internal.trace_utils import is_tracing_enabled as is_tracing_enabled
from ddtrace.contrib.internal.trace_utils import iswrapped as iswrapped
from ddtrace.contrib.internal.trace_utils import set_flattened_tags as set_flattened_tags
from ddtrace.contrib.internal.trace_utils import set_http_meta as set_http_meta
from ddtrace.contrib.internal.trace_utils import set_service_and_source as set_service_and_source
from ddtrace.contrib.internal.trace_utils import set_user as set_user
from ddtrace.contrib.internal.trace_utils import unwrap as unwrap
from ddtrace.contrib.internal.trace_utils import with_traced_module as with_traced_module
from ddtrace.contrib.internal.trace_utils import wrap as wrap
from ddtrace.contrib.internal.trace_utils_async import with_traced_module as with_traced_module_async
