"""Requests leave nothing behind in the application."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from agent import Agent
from capture import HERE, Launcher
from services import running


OFF_BY_DEFAULT = {
    f"DD_TRACE_{name}_ENABLED": "true" for name in ("HTTPLIB", "SQLALCHEMY", "KOMBU", "TORNADO", "URLLIB3")
}


# Web frameworks, HTTP clients, databases, caches, queues, models, calls, logs, contexts. tests/long/growth.py runs
# the same a hundred thousand times each.
GROWTH = [
    ("flask", "app"),
    ("flask_oldest", "old"),
    ("django", "web"),
    ("django_asgi", "web"),
    ("starlette", "web"),
    ("fastapi", "web"),
    ("websockets", "web"),
    ("wsgi", "web"),
    ("asgi", "web"),
    ("bottle", "sites"),
    ("falcon", "sites"),
    ("pyramid", "sites"),
    ("cherrypy", "servers"),
    ("tornado", "servers"),
    ("sanic", "servers"),
    ("aiohttp_server", "net"),
    ("requests", "app"),
    ("httplib", "app"),
    ("urllib3", "app"),
    ("httpx", "more"),
    ("aiohttp", "net"),
    ("sqlalchemy", "data"),
    ("gevent", "data"),
    ("kombu", "data"),
    ("sqlite3", "app"),
    ("psycopg2", "data"),
    ("psycopg", "data"),
    ("pymysql", "data"),
    ("redis", "data"),
    ("valkey", "data"),
    ("pymemcache", "data"),
    ("pymongo", "data"),
    ("celery", "more"),
    ("kafka", "data"),
    ("aiokafka", "cloud"),
    ("openai", "net"),
    ("anthropic", "cloud"),
    ("google_genai", "cloud"),
    ("langchain", "models"),
    ("botocore", "cloud"),
    ("bedrock", "cloud"),
    ("yaaredis", "stores"),
    ("pynamodb", "stores"),
    ("jinja2", "app"),
    ("graphql", "sites"),
    ("grpc", "net"),
    ("mysql", "data"),
    ("asyncpg", "data"),
    ("redis_asyncio", "data"),
    ("asyncio", "app"),
    ("futures", "app"),
    ("subprocess", "app"),
    ("logging", "app"),
    ("structlog", "more"),
    ("loguru", "more"),
]
SERVICES = {
    "psycopg2": "postgres",
    "psycopg": "postgres",
    "pymysql": "mariadb",
    "redis": "redis",
    "valkey": "redis",
    "pymemcache": "memcached",
    "pymongo": "mongodb",
    "kafka": "kafka",
    "aiokafka": "kafka",
    "botocore": "aws",
    "yaaredis": "redis",
    "pynamodb": "aws",
    "mysql": "mariadb",
    "asyncpg": "postgres",
    "redis_asyncio": "redis",
}


def service_of(name: str) -> dict[str, str]:
    """Where its server is, for its environment."""
    return running(SERVICES[name]) if name in SERVICES else {}


def test_no_web_integration_is_left_out() -> None:
    engines = ("support/web_server.h", "support/asgi.h", "support/http_client.h")
    engines += ("support/httpx_client.h", "support/plain_request.h")
    tried = {name for name, _ in GROWTH} | {"elasticsearch", "httpx2"}  # their transports are
    for folder in (HERE.parent.parent / "contrib").iterdir():
        source = folder / f"{folder.name}.cc"
        if source.exists() and any(engine in source.read_text() for engine in engines):
            assert folder.name in tried


@pytest.mark.parametrize(("name", "libraries"), GROWTH)
def test_requests_leave_no_objects(
    name: str, libraries: str, launcher: Launcher, agent: Agent, tmp_path: Path
) -> None:
    using = launcher.using(libraries)
    if not using.python.exists():
        pytest.skip(f"no {using.python}")
    done = subprocess.run(
        [*using.command, "growth.py", name],
        cwd=HERE / "cases",
        env={**using.environment(), **service_of(name), "DD_TRACE_AGENT_URL": agent.url, **OFF_BY_DEFAULT},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout == "as before\n", done.stderr
