"""The cases: what runs, where, and with which settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from agent import home


@dataclass(frozen=True)
class Server:
    """A program that runs until it is told to stop. `{NAME}` stands for an environment variable."""

    arguments: Sequence[str]
    port: str
    folder: str
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """Without servers the launcher runs the arguments; with servers plain python does."""

    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: str = "tests/conformance/cases"
    servers: Sequence[Server] = ()
    ports: Sequence[str] = ()
    # The output is that of plain python, unless the program prints what a tracer gives it.
    prints_trace: bool = False
    # Which of the environments that tests/env/setup makes: "app", "more", "data" or "web".
    libraries: str = "app"
    # What services.py starts for it: "redis", "postgres", "kafka", ...
    services: Sequence[str] = ()
    # What it prints is not the same under every Python.
    of_one_python: bool = False
    # More than one for a program whose own threads race, so that its traces differ between runs.
    attempts: int = 1


SHOP = "packaging/demo_shop"
SHOP_SETTINGS = {
    "STOCK_URL": "http://127.0.0.1:{STOCK_PORT}",
    "SHOP_DB": "{SCRATCH}/shop.db",
}


def shop(stock: Sequence[str], front: Sequence[str], **environment: str) -> Case:
    return Case(
        ["traffic.py", "http://127.0.0.1:{SHOP_PORT}"],
        environment={**SHOP_SETTINGS, **environment},
        folder=SHOP,
        servers=[
            Server(stock, "STOCK_PORT", SHOP),
            Server(front, "SHOP_PORT", SHOP),
        ],
        ports=["SHOP_PORT", "STOCK_PORT"],
    )


def script(name: str, *arguments: str, **environment: str) -> Case:
    return Case([f"{name}.py", *arguments], environment)


def tracing_script(name: str, **environment: str) -> Case:
    return Case([f"{name}.py"], environment, prints_trace=True)


def client(words: str, *services: str, **environment: str) -> Case:
    name, *arguments = words.split()
    return Case([f"{name}.py", *arguments], environment, libraries="more", services=services)


def net(name: str, **environment: str) -> Case:
    return Case([f"{name}.py"], environment, libraries="net", prints_trace=True)


def oldest_net(name: str, **environment: str) -> Case:
    return Case([f"{name}.py"], environment, libraries="oldnet", prints_trace=True)


def cloud(words: str, *services: str, **environment: str) -> Case:
    name, *arguments = words.split()
    return Case([f"{name}.py", *arguments], environment, libraries="cloud", services=services)


def aiokafka(**environment: str) -> Case:
    """Topics come in the order of a set."""
    place = "127.0.0.1:{KAFKA_PORT}"
    return cloud("aiokafka_basic", "kafka", KAFKA=place, PYTHONHASHSEED="0", **environment)


def model(name: str, **environment: str) -> Case:
    """Of a client or a framework of language models."""
    return Case([f"{name}.py"], environment, libraries="models")


def old_model(name: str, **environment: str) -> Case:
    return Case([f"{name}.py"], environment, libraries="oldmodels")


def rare(words: str, *services: str, **environment: str) -> Case:
    name, *arguments = words.split()
    return Case([f"{name}.py", *arguments], environment, libraries="stores", services=services)


def shown_client(name: str, **environment: str) -> Case:
    return Case([f"{name}.py"], environment, libraries="more", prints_trace=True)


def store(words: str, *services: str, **environment: str) -> Case:
    name, *arguments = words.split()
    return Case([f"{name}.py", *arguments], environment, libraries="data", services=services)


def mysqldb(**environment: str) -> Case:
    """With Debian's package: the one of the index has to be built with MariaDB's headers."""
    packages = "/usr/lib/python3/dist-packages"
    return store("mysqldb_basic", "mariadb", PYTHONPATH=packages, **environment)


def dbm(name: str, service: str, mode: str, **environment: str) -> Case:
    case = store(name, service, DD_DBM_PROPAGATION_MODE=mode, **environment)
    return replace(case, prints_trace=True)


def web(name: str, *arguments: str, **environment: str) -> Case:
    return Case([f"{name}.py", *arguments], environment, libraries="web")


def site(name: str, *arguments: str, **environment: str) -> Case:
    return Case([f"{name}.py", *arguments], environment, libraries="sites")


def server(name: str, *arguments: str, **environment: str) -> Case:
    """Of a web framework with a server of its own."""
    return Case([f"{name}.py", *arguments], environment, libraries="servers")


def old_server(name: str, *arguments: str, **environment: str) -> Case:
    return Case([f"{name}.py", *arguments], environment, libraries="oldservers")


def tornado(make: Callable[..., Case], *arguments: str, **environment: str) -> Case:
    """Off by default."""
    return make("tornado_basic", *arguments, DD_TRACE_TORNADO_ENABLED="true", **environment)


def cherrypy(make: Callable[..., Case], *arguments: str, **environment: str) -> Case:
    """The program puts the tracer's middleware in its place itself."""
    return replace(make("cherrypy_basic", *arguments, **environment), prints_trace=True)


def django_queries(backend: str, **environment: str) -> Case:
    return web(
        "django_queries", backend, **{"DD_DJANGO_INSTRUMENT_DATABASES": "true", **environment}
    )


def django_on(server: str, **environment: str) -> Case:
    """With the driver of another environment."""
    beside = str(home() / "more-3.11/lib/python3.11/site-packages")
    asked = {"DD_DJANGO_INSTRUMENT_DATABASES": "true", "PYTHONPATH": beside, **environment}
    return Case(["django_queries.py", server], asked, libraries="web", services=[server])


def proxied(name: str, libraries: str, **environment: str) -> Case:
    return Case(
        ["proxied.py", name],
        {"DD_TRACE_INFERRED_PROXY_SERVICES_ENABLED": "true", **environment},
        libraries=libraries,
        prints_trace=name in ("wsgi", "asgi"),
    )


def tracing_web(name: str, **environment: str) -> Case:
    return Case([f"{name}.py"], environment, libraries="web", prints_trace=True)


def old(name: str, *arguments: str, **environment: str) -> Case:
    return Case([f"{name}.py", *arguments], environment, libraries="old")


def old_web(name: str, *arguments: str, **environment: str) -> Case:
    return Case([f"{name}.py", *arguments], environment, libraries="oldweb")


def old_client(name: str, *services: str, **environment: str) -> Case:
    shown = name.startswith(("loguru", "structlog"))
    return Case(
        [f"{name}.py"], environment, libraries="oldmore", services=services, prints_trace=shown
    )


def older(name: str) -> Case:
    """A program for today's Flask with an old one."""
    return Case(["older.py", f"{name}.py"], libraries="old")


GUNICORN = ["-m", "gunicorn", "--workers=1", "--no-control-socket", "--bind=127.0.0.1:{%s}"]



def shop_under(*words: str, **environment: str) -> Case:
    """Both services under a server: `{PORT}` and `{APP}` in the words are theirs."""

    def service(port: str, name: str) -> list[str]:
        return [word.replace("PORT", port).replace("APP", name) for word in words]

    return shop(service("STOCK_PORT", "stock"), service("SHOP_PORT", "shop"), **environment)


BOUND = ["--no-control-socket", "--bind=127.0.0.1:{PORT}", "APP:app"]

CASES: dict[str, Case] = {
    "shop": shop(["stock.py"], ["shop.py"]),
    "shop_named": shop(
        ["stock.py"], ["shop.py"], DD_SERVICE="shop", DD_ENV="test", DD_VERSION="1.2"
    ),
    "shop_gunicorn": shop(
        [*GUNICORN[:-1], "--bind=127.0.0.1:{STOCK_PORT}", "stock:app"],
        [*GUNICORN[:-1], "--bind=127.0.0.1:{SHOP_PORT}", "shop:app"],
    ),
    "shop_gthread": shop_under("-m", "gunicorn", "--worker-class=gthread", "--threads=2", *BOUND),
    "shop_preload": shop_under("-m", "gunicorn", "--preload", *BOUND, DD_SERVICE="shop"),
    "shop_max_requests": shop_under("-m", "gunicorn", "--max-requests=3", *BOUND),
    "shop_flask_run": shop_under("-m", "flask", "--app", "APP", "run", "--port={PORT}"),
    "flask_routes": script("flask_routes"),
    "flask_routes_named": script(
        "flask_routes",
        "few", DD_SERVICE="web", DD_ENV="test", DD_VERSION="7", DD_TAGS="team:a,tier:1"
    ),
    "flask_routes_v1": script(
        "flask_routes",
        "few", DD_SERVICE="web", DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1"
    ),
    "flask_own_service": script("flask_routes", "few", DD_FLASK_SERVICE="front"),
    "flask_code_origin": script("flask_routes", "few", DD_CODE_ORIGIN_FOR_SPANS_ENABLED="true"),
    "flask_headers": script(
        "flask_headers",
        DD_TRACE_HEADER_TAGS="X-Wanted,X-Mapped:mapped.header,X-Answer,Content-Type",
        DD_TRACE_CLIENT_IP_ENABLED="true",
        DD_TRACE_HTTP_SERVER_ERROR_STATUSES="404,500-599",
    ),
    "flask_query_off": script("flask_headers", DD_HTTP_SERVER_TAG_QUERY_STRING="false"),
    "flask_query_tag": script("flask_headers", DD_FLASK_TRACE_QUERY_STRING="true"),
    "flask_client_ip_header": script(
        "flask_headers", DD_TRACE_CLIENT_IP_ENABLED="true", DD_TRACE_CLIENT_IP_HEADER="X-Real-Ip"
    ),
    "flask_endpoints": script(
        "flask_headers",
        DD_TRACE_RESOURCE_RENAMING_ENABLED="true",
        DD_TRACE_RESOURCE_RENAMING_ALWAYS_SIMPLIFIED_ENDPOINT="true",
    ),
    "proxied_flask": proxied("flask", "app"),
    "proxied_flask_named": proxied(
        "flask", "app", DD_SERVICE="svc", DD_SERVICE_MAPPING="system.test:mapped"
    ),
    "proxied_wsgi": proxied("wsgi", "web"),
    "proxied_bottle": proxied("bottle", "sites"),
    "proxied_falcon": proxied("falcon", "sites"),
    "proxied_pyramid": proxied("pyramid", "sites", PYTHONWARNINGS="ignore"),
    "proxied_django": proxied("django", "web"),
    "proxied_asgi": proxied("asgi", "web"),
    "proxied_starlette": proxied("starlette", "web"),
    "proxied_fastapi": proxied("fastapi", "web"),
    "endpoints": tracing_script("endpoints", DD_TRACE_RESOURCE_RENAMING_ENABLED="true"),
    "configured_queries": replace(tracing_script("configured"), arguments=["configured.py", "queries"]),
    "configured_apart": replace(tracing_script("configured"), arguments=["configured.py", "apart"]),
    "configured_shown": replace(tracing_script("configured"), arguments=["configured.py", "shown"]),
    "configured_asgi": tracing_web("configured_asgi"),
    "flask_errors": script("flask_errors"),
    "flask_objects": script("flask_objects"),
    "flask_hooks": script("flask_hooks"),
    "flask_templates": script("flask_templates"),
    "flask_templates_named": script("flask_templates", DD_JINJA2_SERVICE="pages"),
    "flask_streaming": script("flask_streaming"),
    "flask_mounted": script("flask_mounted"),
    "flask_outside": script("flask_outside"),
    "flask_server": script("flask_server"),
    "httpx_oldest": old_client("httpx_basic"),
    "loguru_oldest": old_client("loguru_basic", DD_SERVICE="log"),
    "structlog_oldest": old_client("structlog_basic", DD_SERVICE="log"),
    "grpc_oldest": old_client("grpc_basic", GRPC_VERBOSITY="NONE"),
    "redis_oldest": old_client("redis_basic", "redis"),
    "psycopg_oldest": old_client("psycopg_basic", "postgres"),
    "psycopg_oldest_asyncio": old_client("psycopg_asyncio", "postgres"),
    "psycopg2_oldest": old_client("psycopg2_basic", "postgres"),
    "flask_cache_basic": replace(site("flask_cache_basic"), prints_trace=True),
    "flask_cache_named": replace(
        site("flask_cache_basic", DD_SERVICE="web", DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1"),
        prints_trace=True,
    ),
    "django_not_found": web("django_not_found"),
    "grpc_services": client("grpc_basic", GRPC_VERBOSITY="NONE", DD_GRPC_SERVICE="calls", DD_GRPC_SERVER_SERVICE="called"),
    "flask_templates_v1": script(
        "flask_templates", DD_SERVICE="web", DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1"
    ),
    "django_oldest": old_web("django_basic"),
    "django_oldest_more": old_web(
        "django_basic",
        DD_DJANGO_INSTRUMENT_TEMPLATES="true",
        DD_DJANGO_INSTRUMENT_CACHES="true",
    ),
    "starlette_oldest": old_web("starlette_basic", "quick"),
    "fastapi_oldest": old_web("fastapi_basic"),
    "websockets_oldest": old_web("websockets_more"),
    "flask_oldest": old("flask_oldest"),
    "flask_oldest_named": old("flask_oldest", DD_SERVICE="web"),
    "flask_oldest_objects": older("flask_objects"),
    "flask_oldest_errors": older("flask_errors"),
    "flask_oldest_streaming": older("flask_streaming"),
    "requests_oldest": old("requests_basic"),
    "urllib3_oldest": old("urllib3_basic", DD_TRACE_URLLIB3_ENABLED="true"),
    "headers_sent_oldest": replace(old("headers_sent"), prints_trace=True),
    "wsgi_basic": tracing_web("wsgi_basic"),
    "wsgi_named": tracing_web("wsgi_basic", DD_SERVICE="named", DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1"),
    "django_basic": web("django_basic"),
    "django_more": web(
        "django_basic",
        DD_DJANGO_INSTRUMENT_TEMPLATES="true",
        DD_DJANGO_INSTRUMENT_CACHES="true",
    ),
    "django_databases": web("django_basic", DD_DJANGO_INSTRUMENT_DATABASES="true"),
    "django_queries": django_queries("sqlite"),
    "django_queries_own": django_queries("sqlite", DD_TRACE_SQLITE3_ENABLED="false"),
    "django_queries_v1": django_queries(
        "sqlite",
        DD_TRACE_SQLITE3_ENABLED="false",
        DD_SERVICE="web",
        DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1",
    ),
    "django_queries_named": django_queries(
        "sqlite",
        DD_TRACE_SQLITE3_ENABLED="false",
        DD_SERVICE="web",
        DD_DJANGO_DATABASE_SERVICE="stored",
    ),
    "django_queries_prefix": django_queries(
        "sqlite", DD_TRACE_SQLITE3_ENABLED="false", DD_DJANGO_DATABASE_SERVICE_NAME_PREFIX="of-"
    ),
    "django_postgres": django_on("postgres"),
    "django_postgres_own": django_on(
        "postgres", DD_TRACE_PSYCOPG_ENABLED="false", DD_SERVICE="web", DD_DBM_PROPAGATION_MODE="service"
    ),
    "django_postgres_v1": django_on(
        "postgres", DD_SERVICE="web", DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1", DD_DJANGO_DATABASE_SERVICE="stored"
    ),
    "django_mariadb": django_on("mariadb"),
    "django_mariadb_own": django_on(
        "mariadb", DD_TRACE_PYMYSQL_ENABLED="false", DD_DJANGO_DATABASE_SERVICE_NAME_PREFIX="of-"
    ),
    "django_everything": web("django_basic", DD_DJANGO_TRACING_MINIMAL="false", DD_SERVICE="web"),
    "django_headers": web(
        "django_basic", "few", DD_TRACE_HEADER_TAGS="host,X-*,content-type,Accept:acc"
    ),
    "django_named": web(
        "django_basic", "few", DD_SERVICE="web", DD_DJANGO_INSTRUMENT_MIDDLEWARE="false"
    ),
    "django_v1": web(
        "django_basic", "few", DD_SERVICE="web", DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1"
    ),
    "django_handlers": web("django_basic", "few", DD_DJANGO_USE_HANDLER_RESOURCE_FORMAT="true"),
    "django_asgi": web("django_asgi"),
    "django_asgi_both": web("django_asgi", "both", DD_SERVICE="web"),
    "django_users": web(
        "django_users", DD_DJANGO_INSTRUMENT_MIDDLEWARE="false", DD_TRACE_SQLITE3_ENABLED="false"
    ),
    "django_users_nameless": web(
        "django_users",
        DD_DJANGO_INSTRUMENT_MIDDLEWARE="false",
        DD_TRACE_SQLITE3_ENABLED="false",
        DD_DJANGO_INCLUDE_USER_NAME="false",
    ),
    "django_code_origin": web(
        "django_basic",
        "few",
        DD_CODE_ORIGIN_FOR_SPANS_ENABLED="true",
        DD_DJANGO_INSTRUMENT_MIDDLEWARE="false",
    ),
    "bottle_basic": site("bottle_basic"),
    "bottle_named": site("bottle_basic", "few", DD_SERVICE="web", DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1"),
    "falcon_basic": site("falcon_basic"),
    "falcon_services": site("falcon_basic", "few", DD_SERVICE="web", DD_FALCON_SERVICE="pages"),
    "bottle_services": site("bottle_basic", "few", DD_BOTTLE_SERVICE="pages"),
    "pyramid_services": site("pyramid_basic", "few", DD_PYRAMID_SERVICE="pages"),
    "falcon_named": site("falcon_basic", "few", DD_SERVICE="web", DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1"),
    "pyramid_basic": site("pyramid_basic"),
    "pyramid_named": site("pyramid_basic", "few", DD_SERVICE="web"),
    "pyramid_alone": site(
        "pyramid_basic", "few", DD_PYRAMID_DISTRIBUTED_TRACING="false"
    ),
    "tornado_basic": tornado(server),
    "tornado_oldest": tornado(old_server),
    "tornado_headers": tornado(
        server,
        DD_TRACE_HEADER_TAGS="X-Asked,X-Answer:answered",
        DD_TRACE_HTTP_SERVER_ERROR_STATUSES="404,500-599",
        DD_TRACE_CLIENT_IP_ENABLED="true",
    ),
    "tornado_named": tornado(
        server, "few", "default", DD_SERVICE="web", DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1"
    ),
    "tornado_services": tornado(
        server, "few", DD_TORNADO_SERVICE="pages", DD_TORNADO_DISTRIBUTED_TRACING="false"
    ),
    # The reference never ends the span of a handler with an on_finish() of its own.
    "tornado_logs": tornado(server, "logs"),
    "tornado_own": tornado(server, "few", "own"),
    "tornado_process": tornado(server, "few", DD_SERVICE="web"),
    "tornado_off": server("tornado_basic", "few"),
    "sanic_basic": server("sanic_basic"),
    "sanic_headers": server(
        "sanic_basic",
        DD_TRACE_HEADER_TAGS="X-Asked,X-Answer:answered",
        DD_TRACE_HTTP_SERVER_ERROR_STATUSES="404,500-599",
        DD_TRACE_CLIENT_IP_ENABLED="true",
    ),
    "sanic_named": server(
        "sanic_basic", "few", DD_SERVICE="web", DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1"
    ),
    "sanic_services": server("sanic_basic", "few", DD_SANIC_SERVICE="pages"),
    "cherrypy_basic": cherrypy(server),
    "cherrypy_headers": cherrypy(
        server,
        DD_TRACE_HEADER_TAGS="X-Asked,X-Answer:answered,User-Agent",
        DD_TRACE_HTTP_SERVER_ERROR_STATUSES="404,500-599",
        DD_TRACE_CLIENT_IP_ENABLED="true",
    ),
    "cherrypy_named": cherrypy(
        server, "few", DD_SERVICE="web", DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1"
    ),
    "cherrypy_services": cherrypy(server, "few", "service", DD_CHERRYPY_SERVICE="pages"),
    "cherrypy_apart": cherrypy(server, "few", "apart", DD_CHERRYPY_SERVICE="shown"),
    "graphql_basic": site("graphql_basic"),
    "graphql_named": site(
        "graphql_basic", DD_SERVICE="web", DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1",
        DD_TRACE_GRAPHQL_ERROR_EXTENSIONS="code,status",
    ),
    # The reference makes the query fail.
    "graphql_fields": site("graphql_basic", DD_TRACE_GRAPHQL_RESOLVERS_ENABLED="true"),
    "graphql_process": site("graphql_basic", "few", DD_SERVICE="web"),
    "mako_basic": site("mako_basic"),
    "asgi_basic": tracing_web("asgi_basic"),
    "asgi_named": tracing_web("asgi_basic", DD_SERVICE="named", DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1"),
    "starlette_basic": web("starlette_basic"),
    "starlette_code_origin": web("starlette_basic", "few", DD_CODE_ORIGIN_FOR_SPANS_ENABLED="true"),
    "starlette_headers": web(
        "starlette_basic",
        DD_TRACE_HEADER_TAGS="host,content-type",
        DD_TRACE_CLIENT_IP_ENABLED="true",
        DD_TRACE_HTTP_SERVER_ERROR_STATUSES="404",
    ),
    "fastapi_headers": web(
        "fastapi_basic",
        DD_TRACE_HEADER_TAGS="host,content-type",
        DD_TRACE_CLIENT_IP_ENABLED="true",
        DD_TRACE_HTTP_SERVER_ERROR_STATUSES="404",
    ),
    "starlette_named": web("starlette_basic", DD_SERVICE="web", DD_ASGI_OBFUSCATE_404_RESOURCE="true"),
    "fastapi_basic": web("fastapi_basic"),
    "fastapi_code_origin": web("fastapi_basic", "few", DD_CODE_ORIGIN_FOR_SPANS_ENABLED="true"),
    "fastapi_routes": web("fastapi_routes"),
    "fastapi_named": web("fastapi_basic", DD_FASTAPI_SERVICE="api"),
    "fastapi_tasks": web("fastapi_basic", "tasks"),
    "websockets": web("websockets"),
    "websockets_more": web("websockets_more"),
    "websockets_joined": web(
        "websockets_more", DD_TRACE_WEBSOCKET_MESSAGES_SEPARATE_TRACES="false", DD_SERVICE="web"
    ),
    "websockets_v1": web(
        "websockets_more", DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1", DD_SERVICE="web"
    ),
    "websockets_sampled": web(
        "websockets_more",
        DD_TRACE_WEBSOCKET_MESSAGES_INHERIT_SAMPLING="false",
        DD_TRACE_SAMPLING_RULES='[{{"sample_rate": 0, "name": "starlette.request"}}]',
    ),
    "websockets_dropped": web("websockets_more", DD_TRACE_SAMPLE_RATE="0"),
    "websockets_off": web("websockets", DD_TRACE_WEBSOCKET_MESSAGES_ENABLED="false"),
    "requests_basic": script("requests_basic"),
    "requests_named": script("requests_basic", DD_SERVICE="caller", DD_REQUESTS_SERVICE="http-out"),
    "requests_domains": script("requests_basic", DD_REQUESTS_SPLIT_BY_DOMAIN="true"),
    "requests_headers": script(
        "requests_basic",
        DD_TRACE_HEADER_TAGS="X-Asked:asked,X-Server",
        DD_TRACE_HTTP_CLIENT_ERROR_STATUSES="400-499",
    ),
    "requests_no_inject": script("requests_basic", DD_REQUESTS_DISTRIBUTED_TRACING="false"),
    "requests_urllib3": script("requests_basic", DD_TRACE_URLLIB3_ENABLED="true"),
    # CONNECT is HTTP/1.0 before 3.12.
    "requests_wire": replace(tracing_script("requests_wire"), of_one_python=True),
    "requests_wire_oldest": replace(old("requests_wire"), prints_trace=True),
    "requests_wire_urllib3": replace(
        tracing_script("requests_wire", DD_TRACE_URLLIB3_ENABLED="true"), of_one_python=True
    ),
    "urllib3_on": script("urllib3_basic", DD_TRACE_URLLIB3_ENABLED="true"),
    "urllib3_off": script("urllib3_basic"),
    "urllib3_domains": script(
        "urllib3_basic", DD_TRACE_URLLIB3_ENABLED="true", DD_URLLIB3_SPLIT_BY_DOMAIN="true"
    ),
    "aiohttp_client": net("aiohttp_client", DD_TRACE_HEADER_TAGS="X-Asked,X-Server,User-Agent"),
    "aiohttp_client_oldest": oldest_net("aiohttp_client"),
    "aiohttp_client_named": net(
        "aiohttp_client",
        DD_SERVICE="global",
        DD_AIOHTTP_CLIENT_SERVICE="own",
        DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1",
    ),
    "aiohttp_client_domains": net(
        "aiohttp_client",
        DD_AIOHTTP_CLIENT_SPLIT_BY_DOMAIN="true",
        DD_AIOHTTP_CLIENT_DISTRIBUTED_TRACING="false",
    ),
    "botocore_basic": cloud("botocore_basic", "aws"),
    "botocore_named": cloud(
        "botocore_basic", "aws", DD_SERVICE="web", DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1"
    ),
    "botocore_continued": cloud(
        "botocore_basic",
        "aws",
        DD_BOTOCORE_PROPAGATION_ENABLED="true",
        DD_BOTOCORE_EMPTY_POLL_ENABLED="false",
        DD_BOTOCORE_DYNAMODB_TABLE_PRIMARY_KEYS='{{"words": ["w"]}}',
    ),
    "botocore_quiet": cloud(
        "botocore_basic",
        "aws",
        DD_BOTOCORE_SERVICE="cloud",
        DD_BOTOCORE_DISTRIBUTED_TRACING="false",
        DD_BOTOCORE_ADD_SPAN_POINTERS="false",
        DD_AWS_TAG_NO_PARAMS="true",
    ),
    "bedrock_calls": cloud("bedrock_calls"),
    "bedrock_calls_named": cloud(
        "bedrock_calls",
        DD_SERVICE="web",
        DD_BOTOCORE_SERVICE="models",
        DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1",
    ),
    "bedrock_calls_oldest": replace(cloud("bedrock_calls"), libraries="oldcloud"),
    "botocore_oldest": replace(
        cloud("botocore_basic", "aws", DD_BOTOCORE_PROPAGATION_ENABLED="true"), libraries="oldcloud"
    ),
    "botocore_pinned": replace(cloud("botocore_basic pinned", "aws"), prints_trace=True),
    "botocore_payloads": cloud(
        "botocore_payloads",
        "aws",
        DD_TRACE_CLOUD_REQUEST_PAYLOAD_TAGGING="all",
        DD_TRACE_CLOUD_RESPONSE_PAYLOAD_TAGGING="all",
    ),
    "botocore_payloads_some": cloud(
        "botocore_payloads",
        "aws",
        DD_TRACE_CLOUD_REQUEST_PAYLOAD_TAGGING="$.QueueUrl,$..StringValue,$.Item.*,$.Message",
        DD_TRACE_CLOUD_RESPONSE_PAYLOAD_TAGGING="$.Attributes.QueueArn,$..N",
        DD_TRACE_CLOUD_PAYLOAD_TAGGING_SERVICES="s3,sqs,sns,sts,dynamodb",
    ),
    "botocore_payloads_few": cloud(
        "botocore_payloads",
        "aws",
        DD_TRACE_CLOUD_REQUEST_PAYLOAD_TAGGING="all",
        DD_TRACE_CLOUD_RESPONSE_PAYLOAD_TAGGING="all",
        DD_TRACE_CLOUD_PAYLOAD_TAGGING_MAX_DEPTH="3",
        DD_TRACE_CLOUD_PAYLOAD_TAGGING_MAX_TAGS="7",
    ),
    "botocore_internals": cloud(
        "botocore_payloads",
        "aws",
        DD_BOTOCORE_INSTRUMENT_INTERNALS="true",
    ),
    "aiobotocore_basic": cloud(
        "aiobotocore_basic",
        "aws",
        DD_TRACE_AIOBOTOCORE_ENABLED="true",
        DD_TRACE_AIOHTTP_ENABLED="false",
    ),
    "aiobotocore_named": cloud(
        "aiobotocore_basic",
        "aws",
        DD_TRACE_AIOBOTOCORE_ENABLED="true",
        DD_TRACE_AIOHTTP_ENABLED="false",
        DD_AIOBOTOCORE_SERVICE="cloud",
        DD_SERVICE="web",
        DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1",
    ),
    "anthropic_calls": cloud("anthropic_calls"),
    "anthropic_calls_named": cloud(
        "anthropic_calls",
        DD_SERVICE="web", DD_ANTHROPIC_SERVICE="models", DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1"
    ),
    "anthropic_calls_service": cloud("anthropic_calls", DD_SERVICE="web"),
    "anthropic_calls_oldest": replace(cloud("anthropic_calls"), libraries="oldcloud"),
    "google_genai_calls": cloud("google_genai_calls"),
    "google_genai_calls_named": cloud(
        "google_genai_calls", DD_SERVICE="web", DD_GOOGLE_GENAI_SERVICE="models"
    ),
    "google_genai_calls_oldest": old_model("google_genai_calls"),
    "langchain_calls": model("langchain_calls"),
    "langchain_calls_oldest": old_model("langchain_calls", DD_LANGCHAIN_SERVICE="chains"),
    "langchain_stores": model("langchain_stores"),
    "langchain_stores_oldest": old_model("langchain_stores", DD_SERVICE="web"),
    "litellm_calls": model("litellm_calls"),
    "litellm_calls_named": model("litellm_calls", DD_SERVICE="web", DD_LITELLM_SERVICE="models"),
    "litellm_calls_oldest": old_model("litellm_calls"),
    "mistralai_calls": model("mistralai_calls", DD_MISTRALAI_SERVICE="models"),
    "mistralai_calls_oldest": old_model("mistralai_calls", DD_SERVICE="web"),
    "openai_calls": replace(net("openai_calls"), prints_trace=False),
    "openai_calls_named": replace(
        net(
            "openai_calls",
            DD_OPENAI_SERVICE="own",
            DD_SERVICE="global",
            DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1",
        ),
        prints_trace=False,
    ),
    "openai_calls_oldest": replace(oldest_net("openai_calls"), prints_trace=False),
    "openai_calls_service": replace(net("openai_calls", DD_SERVICE="web"), prints_trace=False),
    "openai_async": net("openai_async"),
    "aiohttp_server": net("aiohttp_server", DD_TRACE_HEADER_TAGS="X-Asked,X-Server"),
    "aiohttp_server_named": net(
        "aiohttp_server", DD_SERVICE="global", DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1"
    ),
    "aiohttp_server_oldest": oldest_net("aiohttp_server"),
    "aiohttp_server_apart": replace(
        net("aiohttp_server"), arguments=["aiohttp_server.py", "apart"]
    ),
    # The reference cannot read the status of streams of the newest version.
    "grpc_aio": replace(
        net("grpc_aio", GRPC_VERBOSITY="NONE"),
        arguments=["grpc_aio.py", "unary"],
        prints_trace=False,
    ),
    "grpc_aio_named": replace(
        net(
            "grpc_aio",
            GRPC_VERBOSITY="NONE",
            DD_SERVICE="rpc",
            DD_GRPC_SERVICE="calls",
            DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1",
        ),
        arguments=["grpc_aio.py", "unary"],
        prints_trace=False,
    ),
    "grpc_aio_oldest": replace(oldest_net("grpc_aio", GRPC_VERBOSITY="NONE"), prints_trace=False),
    "httplib_off": tracing_script("httplib_basic"),
    "httplib_on": tracing_script("httplib_basic", DD_TRACE_HTTPLIB_ENABLED="true"),
    "httplib_settings": tracing_script(
        "httplib_basic",
        DD_TRACE_HTTPLIB_ENABLED="true",
        DD_HTTPLIB_DISTRIBUTED_TRACING="false",
        DD_HTTPLIB_SERVICE="lib",
        DD_SERVICE="named",
        DD_TRACE_HEADER_TAGS="X-Asked:asked,X-Server",
        DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1",
    ),
    "headers_sent": tracing_script("headers_sent"),
    "headers_sent_twice": tracing_script("headers_sent", DD_TRACE_URLLIB3_ENABLED="true"),
    "headers_sent_off": tracing_script("headers_sent", DD_REQUESTS_DISTRIBUTED_TRACING="false"),
    "headers_sent_inner": tracing_script(
        "headers_sent",
        DD_REQUESTS_DISTRIBUTED_TRACING="false",
        DD_TRACE_URLLIB3_ENABLED="true",
    ),
    "headers_sent_b3": tracing_script(
        "headers_sent", DD_TRACE_PROPAGATION_STYLE="b3multi,b3,tracecontext,datadog"
    ),
    "sqlite_basic": script("sqlite_basic"),
    "sqlite_fetch": script("sqlite_basic", DD_SQLITE_TRACE_FETCH_METHODS="true"),
    "sqlite_named": script("sqlite_basic", DD_SERVICE="data", DD_SQLITE_SERVICE="files"),
    "sqlite_mapped": script(
        "sqlite_basic", DD_SERVICE_MAPPING="sqlite:files", DD_TRACE_PEER_SERVICE_DEFAULTS_ENABLED="true"
    ),
    "logging_basic": tracing_script("logging_basic"),
    "logging_on": tracing_script(
        "logging_basic", DD_LOGS_INJECTION="true", DD_SERVICE="log", DD_ENV="e", DD_VERSION="3"
    ),
    "logging_off": tracing_script("logging_basic", DD_LOGS_INJECTION="false"),
    "logging_structured": tracing_script("logging_basic", DD_LOGS_INJECTION="structured"),
    "structlog_basic": shown_client("structlog_basic", DD_SERVICE="log", DD_ENV="e"),
    "structlog_off": shown_client("structlog_basic", DD_LOGS_INJECTION="false"),
    "loguru_basic": shown_client("loguru_basic", DD_SERVICE="log", DD_ENV="e"),
    "loguru_off": shown_client("loguru_basic", DD_LOGS_INJECTION="false"),
    "logbook_basic": replace(site("logbook_basic", DD_SERVICE="log", DD_ENV="e"), prints_trace=True),
    "logbook_off": replace(site("logbook_basic", DD_LOGS_INJECTION="false"), prints_trace=True),
    "httpx_basic": client("httpx_basic"),
    "httpx_domains": client(
        "httpx_basic", DD_SERVICE="web", DD_HTTPX_SPLIT_BY_DOMAIN="true", DD_TRACE_HEADER_TAGS="X-Asked"
    ),
    "httpx_v1": client(
        "httpx_basic", DD_SERVICE="web", DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1"
    ),
    "httpx2_basic": client("httpx2_basic"),
    "celery_basic": client("celery_basic"),
    "celery_distributed": client("celery_basic", DD_CELERY_DISTRIBUTED_TRACING="true"),
    "celery_redis": replace(
        client(
            "celery_basic",
            "redis",
            BROKER="redis://127.0.0.1:{REDIS_PORT}/1",
            DD_CELERY_WORKER_SERVICE="work",
            DD_CELERY_PRODUCER_SERVICE="produce",
            DD_TRACE_REDIS_ENABLED="false",
        ),
        # A retry has the id of its task: published before the first publication has ended, it takes
        # the place of that one's span, which spans kept by task id cannot tell apart.
        attempts=3,
    ),
    "celery_named": client("celery_basic", DD_SERVICE="web", DD_VERSION="3"),
    "celery_named_v1": client(
        "celery_basic",
        DD_SERVICE="web",
        DD_CELERY_WORKER_SERVICE="work",
        DD_SERVICE_MAPPING="web:mapped",
        DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1",
    ),
    "celery_eager": client("celery_calls eager", DD_SERVICE="web"),
    "celery_calls": client("celery_calls worker", DD_CELERY_DISTRIBUTED_TRACING="true"),
    "celery_failing": client("celery_calls failing", DD_CELERY_PRODUCER_SERVICE="own", DD_VERSION="3"),
    "celery_alone": client("celery_calls alone"),
    "celery_beat_named": client(
        "celery_beat beat",
        "redis",
        BROKER="redis://127.0.0.1:{REDIS_PORT}/1",
        DD_TRACE_REDIS_ENABLED="false",
        DD_SERVICE="web",
        DD_VERSION="3",
    ),
    "celery_beat": client(
        "celery_beat beat", "redis", BROKER="redis://127.0.0.1:{REDIS_PORT}/1", DD_TRACE_REDIS_ENABLED="false"
    ),
    "celery_prefork": client(
        "celery_beat prefork",
        "redis",
        BROKER="redis://127.0.0.1:{REDIS_PORT}/1",
        DD_TRACE_REDIS_ENABLED="false",
        DD_CELERY_DISTRIBUTED_TRACING="true",
    ),
    "celery_threads": client(
        "celery_beat threads",
        "redis",
        BROKER="redis://127.0.0.1:{REDIS_PORT}/1",
        DD_TRACE_REDIS_ENABLED="false",
        DD_CELERY_DISTRIBUTED_TRACING="true",
    ),
    "grpc_basic": client("grpc_basic", GRPC_VERBOSITY="NONE"),
    "grpc_configured": shown_client("grpc_configured", GRPC_VERBOSITY="NONE"),
    "grpc_named": client(
        "grpc_basic", GRPC_VERBOSITY="NONE", DD_SERVICE="rpc", DD_GRPC_SERVICE="calls"
    ),
    "subprocess_basic": script("subprocess_basic"),
    "redis_basic": client("redis_basic", "redis"),
    "redis_named": client(
        "redis_basic",
        "redis",
        DD_REDIS_SERVICE="store",
        DD_REDIS_RESOURCE_ONLY_COMMAND="false",
        DD_REDIS_CMD_MAX_LENGTH="20",
    ),
    "redis_v1": client("redis_basic", "redis", DD_SERVICE="web", DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1"),
    "redis_asyncio": client("redis_asyncio", "redis"),
    "psycopg_basic": client("psycopg_basic", "postgres"),
    "psycopg_fetch": client(
        "psycopg_basic",
        "postgres",
        DD_PSYCOPG_TRACE_FETCH_METHODS="true",
        DD_PSYCOPG_TRACE_CONNECT="true",
        DD_SERVICE="data",
    ),
    "psycopg_mapped": client("psycopg_basic", "postgres", DD_SERVICE_MAPPING="postgres:store"),
    "psycopg_mapped_v1": client(
        "psycopg_basic",
        "postgres",
        DD_SERVICE="web",
        DD_SERVICE_MAPPING="web:mapped",
        DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1",
    ),
    "psycopg_mapped_own": client(
        "psycopg_basic",
        "postgres",
        DD_SERVICE="web",
        DD_PSYCOPG_SERVICE="own",
        DD_SERVICE_MAPPING="own:mapped",
    ),
    "psycopg_asyncio": client("psycopg_asyncio", "postgres"),
    "psycopg2_basic": client("psycopg2_basic", "postgres"),
    "psycopg2_fetch": client(
        "psycopg2_basic",
        "postgres",
        DD_PSYCOPG_TRACE_FETCH_METHODS="true",
        DD_PSYCOPG_TRACE_CONNECT="true",
        DD_PSYCOPG_SERVICE="pg",
    ),
    "pymysql_basic": client("pymysql_basic", "mariadb"),
    "pymysql_fetch": client("pymysql_basic", "mariadb", DD_PYMYSQL_TRACE_FETCH_METHODS="true"),
    "mysql_basic": client("mysql_basic", "mariadb"),
    "mysql_fetch": client("mysql_basic", "mariadb", DD_MYSQL_TRACE_FETCH_METHODS="true"),
    "valkey_basic": store("valkey_basic", "redis"),
    "valkey_named": store(
        "valkey_basic",
        "redis",
        DD_VALKEY_SERVICE="store",
        DD_SERVICE="web",
        DD_VERSION="3",
        DD_VALKEY_RESOURCE_ONLY_COMMAND="false",
        DD_VALKEY_CMD_MAX_LENGTH="20",
    ),
    "valkey_mapped": store(
        "valkey_basic",
        "redis",
        DD_SERVICE="web",
        DD_SERVICE_MAPPING="web:mapped",
        DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1",
    ),
    "redis_cluster": store("redis_cluster redis commands", "redis_cluster"),
    "redis_cluster_pipelines": store("redis_cluster redis pipelines", "redis_cluster"),
    "valkey_cluster": store("redis_cluster valkey commands", "redis_cluster"),
    "valkey_cluster_pipelines": store("redis_cluster valkey pipelines", "redis_cluster"),
    "mysqldb_basic": mysqldb(),
    "mysqldb_fetch": mysqldb(
        DD_MYSQLDB_TRACE_FETCH_METHODS="true", DD_MYSQLDB_TRACE_CONNECT="true", DD_SERVICE="web"
    ),
    "mariadb_basic": store("mariadb_basic", "mariadb"),
    "mariadb_fetch": store(
        "mariadb_basic",
        "mariadb",
        DD_MARIADB_TRACE_FETCH_METHODS="true",
        DD_SERVICE="web",
        DD_MARIADB_SERVICE="store",
    ),
    "dramatiq_basic": store("dramatiq_basic", "redis", DD_TRACE_REDIS_ENABLED="false"),
    "dramatiq_named": store(
        "dramatiq_basic",
        "redis",
        DD_TRACE_REDIS_ENABLED="false",
        DD_SERVICE="web",
        DD_VERSION="3",
        DD_DRAMATIQ_SERVICE="tasks",
    ),
    "rq_basic": store("rq_basic", "redis", DD_TRACE_REDIS_ENABLED="false"),
    "rq_distributed": store(
        "rq_basic",
        "redis",
        DD_TRACE_REDIS_ENABLED="false",
        DD_RQ_DISTRIBUTED_TRACING_ENABLED="true",
        DD_SERVICE="web",
        DD_VERSION="3",
        DD_RQ_SERVICE="jobs",
        DD_RQ_WORKER_SERVICE="workers",
    ),
    "rq_v1": store(
        "rq_basic",
        "redis",
        DD_TRACE_REDIS_ENABLED="false",
        DD_SERVICE="web",
        DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1",
    ),
    "asyncpg_basic": store("asyncpg_basic", "postgres"),
    "asyncpg_mapped": store("asyncpg_basic", "postgres", DD_SERVICE_MAPPING="postgres:store"),
    "asyncpg_v1": store(
        "asyncpg_basic", "postgres", DD_SERVICE="web", DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1"
    ),
    "aiomysql_basic": store("aiomysql_basic", "mariadb"),
    "aiomysql_pool": store("aiomysql_pool", "mariadb"),
    "aiopg_basic": store("aiopg_basic", "postgres"),
    "sqlalchemy_basic": store(
        "sqlalchemy_basic works", "postgres", "mariadb", DD_TRACE_SQLALCHEMY_ENABLED="true"
    ),
    "sqlalchemy_named": store(
        "sqlalchemy_basic works",
        "postgres",
        "mariadb",
        DD_TRACE_SQLALCHEMY_ENABLED="true",
        DD_SQLALCHEMY_SERVICE="alchemy",
        DD_VERSION="3",
        DD_SERVICE="web",
        DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1",
    ),
    "sqlalchemy_errors": store(
        "sqlalchemy_basic fails", "postgres", "mariadb", DD_TRACE_SQLALCHEMY_ENABLED="true"
    ),
    "pymemcache_basic": store("pymemcache_basic", "memcached"),
    "pymemcache_named": store(
        "pymemcache_basic",
        "memcached",
        DD_PYMEMCACHE_SERVICE="cache",
        DD_SERVICE="web",
        DD_VERSION="3",
        DD_TRACE_MEMCACHED_COMMAND_ENABLED="true",
    ),
    "elasticsearch_basic": store(
        "elasticsearch_basic elasticsearch Elasticsearch", DD_TRACE_AIOHTTP_ENABLED="false"
    ),
    "elasticsearch_named": store(
        "elasticsearch_basic elasticsearch Elasticsearch",
        DD_SERVICE="web",
        DD_VERSION="3",
        DD_ELASTICSEARCH_SERVICE="search",
        DD_TRACE_AIOHTTP_ENABLED="false",
    ),
    "opensearch_basic": store("elasticsearch_basic opensearchpy OpenSearch sync"),
    "pylibmc_basic": store("pylibmc_basic", "memcached"),
    "pymongo_basic": store("pymongo_basic", "mongodb"),
    "pymongo_errors": store("pymongo_basic errors", "mongodb"),
    "pymongo_lists": store("pymongo_basic lists", "mongodb"),
    "pymongo_v1": store(
        "pymongo_basic", "mongodb", DD_SERVICE="web", DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1"
    ),
    "pymongo_plain": store(
        "pymongo_basic",
        "mongodb",
        DD_TRACE_MONGODB_OBFUSCATION="false",
        DD_PYMONGO_SERVICE="documents",
        DD_SERVICE="web",
        DD_VERSION="3",
    ),
    "kafka_basic": store("kafka_basic", "kafka", KAFKA="127.0.0.1:{KAFKA_PORT}"),
    "kafka_distributed": store(
        "kafka_basic open",
        "kafka",
        KAFKA="127.0.0.1:{KAFKA_PORT}",
        DD_KAFKA_PROPAGATION_ENABLED="true",
        DD_KAFKA_EMPTY_POLL_ENABLED="false",
        DD_KAFKA_SERVICE="broker",
        DD_SERVICE="web",
        DD_VERSION="3",
    ),
    "kafka_links": store(
        "kafka_basic open",
        "kafka",
        KAFKA="127.0.0.1:{KAFKA_PORT}",
        DD_KAFKA_PROPAGATION_ENABLED="true",
        DD_TRACE_PROPAGATION_AS_SPAN_LINKS="kafka",
        DD_SERVICE="web",
    ),
    "kafka_v1": store(
        "kafka_basic",
        "kafka",
        KAFKA="127.0.0.1:{KAFKA_PORT}",
        DD_SERVICE="web",
        DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1",
    ),
    "aiokafka_basic": aiokafka(),
    "aiokafka_distributed": aiokafka(
        DD_KAFKA_PROPAGATION_ENABLED="true",
        DD_AIOKAFKA_SERVICE="broker",
        DD_SERVICE="web",
        DD_VERSION="3",
    ),
    # The reference neither tells such keys nor lets their messages carry a trace.
    "aiokafka_keys": replace(
        aiokafka(DD_KAFKA_PROPAGATION_ENABLED="true"), arguments=["aiokafka_basic.py", "keys"]
    ),
    "aiokafka_named": aiokafka(DD_KAFKA_SERVICE="other", DD_SERVICE="web"),
    "aiokafka_mapped": aiokafka(
        DD_SERVICE_MAPPING="kafka:mapped", DD_TRACE_PEER_SERVICE_DEFAULTS_ENABLED="true"
    ),
    "aiokafka_v1": aiokafka(
        DD_KAFKA_PROPAGATION_ENABLED="true",
        DD_SERVICE="web",
        DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1",
    ),
    "aiokafka_oldest": replace(aiokafka(), libraries="oldcloud"),
    "consul_basic": rare("consul_basic"),
    "consul_named": rare(
        "consul_basic near",
        DD_CONSUL_SERVICE="keys",
        DD_SERVICE="web",
        DD_VERSION="3",
        DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1",
    ),
    "consul_process": rare("consul_basic near", DD_SERVICE="web", DD_SERVICE_MAPPING="consul:mapped"),
    "pynamodb_basic": rare("pynamodb_basic", "aws"),
    "pynamodb_named": rare(
        "pynamodb_basic",
        "aws",
        DD_PYNAMODB_SERVICE="tables",
        DD_SERVICE="web",
        DD_VERSION="3",
        DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1",
    ),
    "pynamodb_mapped": rare("pynamodb_basic", "aws", DD_SERVICE_MAPPING="pynamodb:mapped"),
    "pynamodb_oldest": replace(rare("pynamodb_basic", "aws"), libraries="oldstores"),
    "yaaredis_basic": rare("yaaredis_basic", "redis"),
    "yaaredis_named": rare(
        "yaaredis_basic",
        "redis",
        DD_YAAREDIS_SERVICE="keys",
        DD_YAAREDIS_CMD_MAX_LENGTH="20",
        DD_SERVICE="web",
        DD_VERSION="3",
    ),
    "yaaredis_v1": rare(
        "yaaredis_basic", "redis", DD_SERVICE="web", DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1"
    ),
    "kombu_basic": store("kombu_basic", BROKER="memory://", DD_TRACE_KOMBU_ENABLED="true"),
    "kombu_redis": store(
        "kombu_basic",
        "redis",
        BROKER="redis://127.0.0.1:{REDIS_PORT}/2",
        DD_TRACE_KOMBU_ENABLED="true",
        DD_TRACE_REDIS_ENABLED="false",
        DD_SERVICE="web",
        DD_KOMBU_SERVICE="messages",
        DD_VERSION="3",
    ),
    "kombu_mapped": store(
        "kombu_basic",
        BROKER="memory://",
        DD_TRACE_KOMBU_ENABLED="true",
        DD_SERVICE="web",
        DD_KOMBU_SERVICE="messages",
        DD_SERVICE_MAPPING="web:mapped",
        DD_TRACE_REMOVE_INTEGRATION_SERVICE_NAMES_ENABLED="true",
    ),
    "kombu_rabbitmq": store(
        "kombu_basic",
        "rabbitmq",
        BROKER="amqp://guest:guest@127.0.0.1:{RABBITMQ_PORT}//",
        DD_TRACE_KOMBU_ENABLED="true",
    ),
    "kombu_within": replace(
        store("kombu_within", DD_SERVICE="web", DD_TRACE_KOMBU_ENABLED="true"), prints_trace=True
    ),
    "kombu_v1": store(
        "kombu_basic",
        BROKER="memory://",
        DD_TRACE_KOMBU_ENABLED="true",
        DD_KOMBU_DISTRIBUTED_TRACING="false",
        DD_SERVICE="web",
        DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1",
    ),
    "gevent_basic": replace(store("gevent_basic plain"), prints_trace=True),
    "gevent_patched_first": replace(store("gevent_basic first"), prints_trace=True),
    "gevent_patched_late": replace(store("gevent_basic late"), prints_trace=True),
    "dbm_postgres": dbm("dbm_postgres", "postgres", "service"),
    "dbm_postgres_full": dbm(
        "dbm_postgres", "postgres", "full", DD_SERVICE="my web/1", DD_ENV="staging", DD_VERSION="1.2%"
    ),
    "dbm_postgres_dynamic": dbm(
        "dbm_postgres",
        "postgres",
        "dynamic_service",
        DD_SERVICE="web",
        DD_PSYCOPG_SERVICE="pg's",
        DD_TRACE_PEER_SERVICE_DEFAULTS_ENABLED="true",
    ),
    "dbm_mysql": dbm("dbm_mysql", "mariadb", "service", DD_SERVICE="web"),
    "dbm_mongo": dbm("dbm_mongo", "mongodb", "service", DD_SERVICE="web"),
    "dbm_mongo_full": dbm("dbm_mongo", "mongodb", "full", DD_SERVICE="web", DD_ENV="staging"),
    "dbm_mysql_full": dbm("dbm_mysql", "mariadb", "full", DD_ENV="staging"),
    "pin_basic": replace(
        store("pin_basic", DD_TRACE_KOMBU_ENABLED="true"), prints_trace=True
    ),
    "manual_spans": tracing_script("manual_spans"),
    "manual_spans_named": tracing_script(
        "manual_spans", DD_SERVICE="hand", DD_ENV="test", DD_VERSION="9", DD_TAGS="team:a,n:5"
    ),
    "manual_spans_default": tracing_script("manual_spans", DD_TRACE_API_VERSION=""),
    "manual_concurrent": tracing_script("manual_concurrent"),
    "manual_propagation": tracing_script("manual_propagation"),
    "manual_sampling": tracing_script(
        "manual_spans",
        DD_TRACE_SAMPLING_RULES='[{{"sample_rate": 0, "name": "outer"}}, {{"sample_rate": 1}}]',
    ),
    "dogpile_cache_basic": site("dogpile_cache_basic"),
    "dogpile_cache_named": site(
        "dogpile_cache_basic", DD_SERVICE="web", DD_TRACE_SPAN_ATTRIBUTE_SCHEMA="v1"
    ),
}

# Where ddpython is not like the reference, and why. Each is expected to differ: a case that has
# become the same is a failure until its line is gone.
KNOWN: dict[str, str] = {
    "aiokafka_oldest": "the reference asks brokers once more, for the name of their cluster",
    "pymongo_errors": "the reference has a frame of the library twice in the stack",
    "sqlalchemy_errors": "the stack starts in the dialect, not in the connection that calls it",
    "redis_cluster_pipelines": "the reference does not see the commands of new clusters' pipelines",
    "django_postgres": "what Django asks a new connection by itself does not tell its alias",
    "django_postgres_v1": "what Django asks a new connection by itself does not tell its alias",
    "django_queries": "the stack of an error in C has no frame of Django's",
    "fastapi_tasks": "the reference makes two spans of one task",
    "flask_outside": "the reference names steps that are called by hand `default`",
    "manual_propagation": "the reference warns on stderr of a trace id that is no number",
}


def one_of_each() -> list[str]:
    """The first case of each program that needs no environment but `app` and `web`."""
    programs = {
        (case.folder, case.arguments[0]): name
        for name, case in reversed(CASES.items())
        if case.libraries in ("app", "web") and not case.of_one_python
    }
    return [name for name in CASES if name in programs.values()]
