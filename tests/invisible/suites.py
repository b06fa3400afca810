"""The libraries whose own tests are run, and what those tests need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Suite:
    """`arguments` go to pytest in the folder of the source distribution, which is in front of what
    is installed when `in_place`."""

    library: str
    needs: Sequence[str]
    arguments: Sequence[str] = ("tests",)
    pytest: str = "pytest==8.3.5"  # 9 lacks what older tests import
    # Of tests/conformance, empty at the start; {NAME_PORT} in the arguments and the environment.
    services: Sequence[str] = ()
    seconds: int = 600
    # Instead of `-m pytest arguments`: a script of the distribution that prints unittest's lines.
    script: Sequence[str] = ()
    environment: tuple[tuple[str, str], ...] = ()


SUITES = {
    "flask": Suite("flask==3.1.3", ["asgiref", "python-dotenv", "greenlet"]),
    "werkzeug": Suite(
        "werkzeug==3.1.9", ["pytest-timeout", "ephemeral-port-reserve", "cryptography", "watchdog"],
        # The reloader's tests wait for changes of files that do not come on every machine.
        arguments=("tests", "--ignore=tests/test_serving.py"),
    ),
    "jinja2": Suite("jinja2==3.1.6", ["trio"]),
    "requests": Suite(
        "requests==2.34.2",
        ["pytest-httpbin", "pytest-mock", "trustme", "PySocks", "httpbin"],
    ),
    "urllib3": Suite(
        "urllib3==2.8.0",
        ["pytest-timeout", "pytest-socket", "trustme", "PySocks", "h2", "hypercorn", "quart"]
        + ["quart-trio", "trio", "httpx", "tornado", "cryptography", "pyOpenSSL", "idna", "backports.zstd"],
        # Where a host that never answers cannot be reached at all, that test may wait for a lock for ever.
        arguments=("test", "--ignore=test/contrib/emscripten", "-k", "not test_http2_probe_blocked_per_thread"),
    ),
    "httpx": Suite(
        "httpx==0.28.1",
        ["trio", "trustme", "uvicorn", "chardet", "rich", "click", "pygments", "h2", "socksio"]
        + ["brotli", "zstandard", "anyio"],
    ),
    "starlette": Suite(
        "starlette==1.10.0",
        ["httpx", "trio", "itsdangerous", "jinja2", "python-multipart", "pyyaml", "anyio", "httpx2"],
    ),
    "django": Suite(
        "django==5.2.19",
        ["tblib", "jinja2", "asgiref"],
        script=("tests/runtests.py", "--parallel=1", "-v2", "--noinput")
        + tuple("handlers requests_tests responses middleware template_tests cache view_tests urlpatterns_reverse asgi wsgi test_client signals".split())
        + ("async", "urlpatterns", "backends", "transactions", "sessions_tests", "generic_views", "decorators"),
    ),
    "fastapi": Suite(
        "fastapi==0.165.0",
        ["fastapi[standard]", "dirty-equals", "inline-snapshot", "pwdlib[argon2]", "pyjwt", "sqlmodel", "trio", "flask<4"]
        + ["a2wsgi", "strawberry-graphql<1", "pyyaml", "orjson", "ujson", "pytest-timeout", "coverage", "pytest-xdist"],
        pytest="pytest==9.1.1",
        # Those ask that other tracers see what they want.
        arguments=("tests", "--ignore=tests/test_telemetry"),
    ),
    "redis": Suite(
        "redis==8.1.0",
        ["pytest-asyncio", "pytest-timeout", "numpy", "pybreaker", "aiohttp", "xxhash", "PyJWT", "cryptography"]
        + ["opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http", "pyOpenSSL", "requests", "coverage"],
        # The rest wants several servers, modules, or certificates made by a container.
        arguments=("tests/test_commands.py", "tests/test_pipeline.py", "tests/test_encoding.py")
        + ("tests/test_scripting.py", "tests/test_asyncio/test_pipeline.py")
        + ("tests/test_asyncio/test_encoding.py", "--redis-url=redis://127.0.0.1:{REDIS_PORT}/9", "--timeout=60")
        + ("-m", "not onlycluster and not redismod and not ssl and not cp_integration and not multidb_integration"),
        services=("redis",),
    ),
    "psycopg2": Suite(
        "psycopg2-binary==2.9.13", [],
        environment=(("PSYCOPG2_TESTDB", "cases"), ("PSYCOPG2_TESTDB_HOST", "127.0.0.1"))
        + (("PSYCOPG2_TESTDB_PORT", "{POSTGRES_PORT}"), ("PSYCOPG2_TESTDB_USER", "case")),
        services=("postgres",),
    ),
    "sqlalchemy": Suite(
        "sqlalchemy==2.1.9", ["aiosqlite", "greenlet", "mypy"],
        arguments=("test/base", "test/engine", "test/dialect/sqlite", "--maxfail=1000")
        + ("-m", "not memory_intensive and not timing_intensive and not mypy"),
        seconds=1200,
    ),
    "sqlalchemy-postgresql": Suite(
        "sqlalchemy==2.1.9", ["psycopg[binary]==3.3.9"],
        arguments=("test/dialect/postgresql", "test/engine", "--maxfail=1000")
        + ("-m", "not memory_intensive and not timing_intensive and not mypy")
        + ("--dburi", "postgresql+psycopg://case@127.0.0.1:{POSTGRES_PORT}/cases"),
        seconds=1200,
        services=("postgres",),
    ),
    "celery": Suite(
        "celery==5.7.0",
        ["pytest-timeout", "pytest-subtests", "pytest-click", "pytest-order", "pytest-celery"]
        + ["redis", "sqlalchemy", "pymemcache", "msgpack", "pyyaml", "tblib", "cryptography", "pymongo"]
        + ["elasticsearch", "gevent", "pydantic", "fakeredis[lua]", "boto3", "moto", "freezegun"],
        # The backends and transports of services that are not here wait for them.
        arguments=tuple(f"t/unit/tasks/test_{name}.py" for name in ("tasks", "trace", "context", "result"))
        + ("t/unit/app/test_amqp.py", "t/unit/app/test_control.py"),
        seconds=1200,
    ),
}
