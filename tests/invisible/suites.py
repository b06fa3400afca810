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
    # Also installed: what the library brings for its own tests, by name of the extra.
    extras: str = ""
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
        arguments=("test", "--ignore=test/contrib/emscripten"),
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
}
