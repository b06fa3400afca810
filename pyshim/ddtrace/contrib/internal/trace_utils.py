"""What instrumentation of requests and services has in common."""

from __future__ import annotations

import re

from ddtrace import _contrib
from ddtrace._trace.pin import Pin
from ddtrace.contrib.internal.trace_utils_base import set_user
from ddtrace.ext import http, net
from ddtrace.internal._wrap import wrap_function_wrapper as wrap
from ddtrace.internal.utils.wrappers import iswrapped, unwrap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
    from typing import Any, Optional, Union

    from ddtrace._trace.span import Span
    from ddtrace._trace.tracer import Tracer
    from ddtrace.internal.settings.integration import IntegrationConfig

__all__ = [
    "Pin",
    "activate_distributed_headers",
    "distributed_tracing_enabled",
    "ext_service",
    "extract_netloc_and_query_info_from_url",
    "int_service",
    "is_tracing_enabled",
    "iswrapped",
    "set_flattened_tags",
    "set_http_meta",
    "set_service_and_source",
    "set_user",
    "unwrap",
    "with_traced_module",
    "wrap",
]

REQUEST = "request"
RESPONSE = "response"
NORMALIZE_PATTERN = re.compile(r"([^a-z0-9_\-:/]){1}")
USER_AGENT_PATTERNS = ("http-user-agent", "user-agent")
IP_PATTERNS = (
    "x-forwarded-for",
    "x-real-ip",
    "true-client-ip",
    "x-client-ip",
    "forwarded",
    "forwarded-for",
    "x-cluster-client-ip",
    "fastly-client-ip",
    "cf-connecting-ip",
    "cf-connecting-ipv6",
)
_ALWAYS_TAGGED = ("x-datadog-endpoint-scan", "x-datadog-security-test")


def is_tracing_enabled() -> bool:
    """Whether spans are made."""
    from ddtrace._trace.tracer import tracer

    return bool(tracer.enabled)


def _setting(int_config: Any, name: str) -> Any:
    """A setting of an integration, which may be any dictionary."""
    try:
        return getattr(int_config, name)
    except AttributeError:
        pass
    return int_config.get(name) if hasattr(int_config, "get") else None


def _own_service(pin: Pin | None, int_config: Any) -> str | None:
    if pin is not None and pin.service:
        return pin.service
    for name in ("service", "service_name"):
        service = _setting(int_config, name)
        if service:
            return str(service)
    return None


def int_service(
    pin: Optional[Pin], int_config: IntegrationConfig, default: Optional[str] = None
) -> Optional[str]:
    """The service of work that is done in this process."""
    from ddtrace.internal.settings._config import config

    own = _own_service(pin, int_config)
    if own:
        return own
    if config.service and (
        config._is_user_provided_service or config.service != config._inferred_base_service
    ):
        return str(config.service)
    default_service = _setting(int_config, "_default_service")
    return default_service or default or config.service


def ext_service(
    pin: Optional[Pin], int_config: IntegrationConfig, default: Optional[str] = None
) -> Optional[str]:
    """The service of work that is done elsewhere, like a database's."""
    return (
        _own_service(pin, int_config) or _setting(int_config, "_default_service") or default
    )


def set_service_and_source(
    span: Span,
    service: Optional[str],
    int_config: Any,
    default_service_key: str = "_default_service",
) -> None:
    """Gives a span its service, and says where the name comes from."""
    from ddtrace.internal.settings._config import config

    mapped = config.service_mapping.get(service, service) if service else service
    users = service and service in (
        _own_service(None, int_config),
        config.service if config._is_user_provided_service else None,
    )
    if service and mapped != service:
        source = "opt.service_mapping"
    elif _setting(int_config, "split_by_domain"):
        source = "opt.split_by_domain"
    elif users and service != _setting(int_config, default_service_key):
        source = "m"
    else:
        source = getattr(int_config, "integration_name", "")
    if mapped:
        span.service = mapped
    if source:
        span.set_tag("_dd.svc_src", source)


def distributed_tracing_enabled(int_config: IntegrationConfig, default: bool = False) -> bool:
    """Whether an integration reads and writes the headers of traces."""
    for name in ("distributed_tracing_enabled", "distributed_tracing"):
        if name in int_config and int_config[name] is not None:
            return bool(int_config[name])
    return default


def activate_distributed_headers(
    tracer: Tracer,
    int_config: Optional[IntegrationConfig] = None,
    request_headers: Optional[MutableMapping[str, str]] = None,
    override: Optional[bool] = None,
) -> None:
    """Continues the trace that the headers of a request carry, if they do and may."""
    if override is False:
        return
    if not override:
        if int_config is None or not distributed_tracing_enabled(int_config):
            return
    from ddtrace.propagation.http import HTTPPropagator

    context = HTTPPropagator.extract(request_headers)
    if context is None:
        return
    links = getattr(context, "_span_links", None)
    if not context.trace_id and not context._baggage and not links:
        return
    current = tracer.current_trace_context()
    # A framework inside another one sees the same headers again.
    if current and (not context.trace_id or current.trace_id == context.trace_id):
        return
    tracer.context_provider.activate(context)
    from ddtrace.internal.core import event_hub

    event_hub.dispatch("http.activate_distributed_headers", (request_headers, context))
    event_hub.dispatch("distributed_context.activated", (context,))


def _text(value: Any) -> str:
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)


def _store_headers(
    headers: Mapping[str, str], span: Span, integration_config: IntegrationConfig, kind: str
) -> None:
    wanted = getattr(integration_config, "_header_tag_name", None)
    if wanted is None:
        return
    for name, value in headers.items():
        name = _text(name)
        tag = wanted(name)
        if tag is None:
            continue
        span.set_tag(tag or _contrib.header_tag(name, kind == RESPONSE), _text(value))


def _get_request_header_client_ip(
    headers: Mapping[str, str] | None,
    peer_ip: str | None = None,
    headers_are_case_sensitive: bool = False,
) -> str:
    named = {_text(name).lower(): _text(value) for name, value in (headers or {}).items()}
    if headers_are_case_sensitive:
        named = {name.replace("_", "-"): value for name, value in named.items()}
    return _contrib.client_ip(named, peer_ip)


def _set_url_tag(
    integration_config: IntegrationConfig, span: Span, url: str, query: str | None
) -> None:
    with_query = getattr(integration_config, "http_tag_query_string", True)
    if query:
        head, mark, fragment = url.partition("#")
        url = f"{head.partition('?')[0]}?{query}{mark}{fragment}"
    span.set_tag(http.URL, _contrib.shown_url(url, bool(with_query)))


def set_http_meta(
    span: Span,
    integration_config: IntegrationConfig,
    method: Optional[str] = None,
    url: Optional[str] = None,
    target_host: Optional[str] = None,
    server_address: Optional[str] = None,
    status_code: Optional[Union[int, str]] = None,
    status_msg: Optional[str] = None,
    query: Optional[str] = None,
    parsed_query: Optional[Mapping[str, str]] = None,
    request_headers: Optional[Mapping[str, str]] = None,
    response_headers: Optional[Mapping[str, str]] = None,
    retries_remain: Optional[Union[int, str]] = None,
    raw_uri: Optional[str] = None,
    request_cookies: Optional[dict[str, str]] = None,
    request_path_params: Optional[Union[Mapping[str, Any], Sequence[Any]]] = None,
    request_body: Optional[Union[str, dict[str, list[str]]]] = None,
    peer_ip: Optional[str] = None,
    headers_are_case_sensitive: bool = False,
    route: Optional[str] = None,
    response_cookies: Optional[dict[str, str]] = None,
) -> None:
    """Says on a span what is known of an HTTP request and its response."""
    from ddtrace.internal.settings._config import config

    if method is not None:
        span._set_attribute(http.METHOD, method)
    if url is not None:
        _set_url_tag(integration_config, span, _text(url), None if query is None else _text(query))
    if target_host is not None:
        span.set_tag(net.TARGET_HOST, target_host)
    if server_address is not None:
        span.set_tag(net.SERVER_ADDRESS, server_address)
    if status_code is not None:
        try:
            number = int(status_code)
        except (TypeError, ValueError):
            from ddtrace.internal.logger import get_logger

            get_logger(__name__).debug("failed to convert http status code %r to int", status_code)
        else:
            span.set_tag(http.STATUS_CODE, str(status_code))
            if config._http_server.is_error_code(number):
                span.error = 1
    if status_msg is not None:
        span.set_tag(http.STATUS_MSG, status_msg)
    if query is not None and getattr(integration_config, "trace_query_string", None):
        span.set_tag(http.QUERY_STRING, _text(query))
    if request_headers:
        _tag_request(span, integration_config, request_headers, headers_are_case_sensitive)
    client_ip = ""
    if config._retrieve_client_ip:
        client_ip = _get_request_header_client_ip(
            request_headers, peer_ip, headers_are_case_sensitive
        )
    if client_ip:
        span.set_tag(http.CLIENT_IP, client_ip)
        if peer_ip:
            span.set_tag("network.client.ip", peer_ip)
    if response_headers is not None:
        _store_headers(dict(response_headers), span, integration_config, RESPONSE)
    if retries_remain is not None:
        span.set_tag(http.RETRIES_REMAIN, str(retries_remain))
    from ddtrace.internal.core import event_hub

    event_hub.dispatch(
        "set_http_meta_for_asm",
        (
            span,
            client_ip or None,
            raw_uri,
            route,
            method,
            request_headers,
            request_cookies,
            parsed_query,
            request_path_params,
            request_body,
            status_code,
            response_headers,
            response_cookies,
            peer_ip,
            headers_are_case_sensitive,
        ),
    )
    if route is not None:
        span.set_tag(http.ROUTE, route)


def _tag_request(
    span: Span,
    integration_config: IntegrationConfig,
    headers: Mapping[str, str],
    headers_are_case_sensitive: bool,
) -> None:
    named = {
        _text(name).lower(): _text(value) for name, value in headers.items() if value is not None
    }
    # Headers that are not told to be sensitive to case find their names in any case by themselves.
    by_name: Mapping[str, str] = named if headers_are_case_sensitive else headers
    for name in USER_AGENT_PATTERNS:
        agent = by_name.get(name)
        if agent:
            span.set_tag(http.USER_AGENT, _text(agent))
            break
    referrer = named.get("referer")
    if referrer:
        host = _host_of(referrer)
        if host:
            span.set_tag(http.REFERRER_HOSTNAME, host)
    for name in _ALWAYS_TAGGED:
        if name in named:
            span.set_tag(f"http.request.headers.{name}", named[name])
    _store_headers(headers, span, integration_config, REQUEST)


def _host_of(url: str) -> str:
    _, _, rest = url.partition("//")
    authority = re.split(r"[/?#]", rest or url, maxsplit=1)[0]
    return authority.rpartition("@")[2].partition(":")[0]


def extract_netloc_and_query_info_from_url(url: str) -> tuple[str, str]:
    """The host of a URL, without credentials and port, and its query."""
    rest = url.partition("//")[2] or url
    rest = rest.partition("#")[0]
    head, _, query = rest.partition("?")
    netloc = head.partition("/")[0]
    return netloc.rpartition("@")[2].partition(":")[0], query


def _flatten(
    obj: Any, sep: str, prefix: str, exclude_policy: Callable[[str], bool] | None
) -> Iterator[tuple[str, Any]]:
    waiting = [(prefix, obj)]
    while waiting:
        name, value = waiting.pop()
        if exclude_policy is not None and exclude_policy(name):
            continue
        if isinstance(value, dict):
            waiting.extend((name + sep + key if name else key, v) for key, v in value.items())
        else:
            yield name, value


def set_flattened_tags(
    span: Span,
    items: Iterator[tuple[str, Any]],
    sep: str = ".",
    exclude_policy: Optional[Callable[[str], bool]] = None,
    processor: Optional[Callable[[Any], Any]] = None,
) -> None:
    """Tags a span with maps that hold maps: the keys of a path are joined."""
    for prefix, value in items:
        for name, leaf in _flatten(value, sep, prefix, exclude_policy):
            span.set_tag(name, leaf if processor is None else processor(leaf))


def with_traced_module(func: Any) -> Any:
    """Makes a wrapper of `func(module, pin, wrapped, instance, args, kwargs)`.

    `wrap(module, "name", func(module))` calls it for what has a pin; the rest is called as it is.
    """

    def with_mod(mod: Any) -> Any:
        def wrapper(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
            pin = Pin._find(instance, mod)
            if pin is None or not pin.enabled():
                return wrapped(*args, **kwargs)
            return func(mod, pin, wrapped, instance, args, kwargs)

        return wrapper

    return with_mod


def _copy_trace_level_tags(target: Span, source: Span) -> None:
    """Gives a span what goes with the trace of another one."""
    context = source.context
    for key, value in context.get_all_baggage_items().items():
        target.context.set_baggage_item(key, value)
    target.context.sampling_priority = context.sampling_priority
    target.context.dd_origin = context.dd_origin
    maker = context._meta.get("_dd.p.dm")
    if maker is not None:
        target.context._meta["_dd.p.dm"] = maker
