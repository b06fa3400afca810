"""HTTP by the standard library: a server in a thread for the clients, a client for the servers."""

from __future__ import annotations

import contextlib
import http.client
import threading
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SEEN: list[dict[str, str]] = []
# Of a request that continues a trace.
CONTINUED = {"X-Asked": "1", "x-datadog-trace-id": "17", "x-datadog-parent-id": "5"}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        SEEN.append({key.lower(): value for key, value in self.headers.items()})
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        path = self.path.partition("?")[0]
        status = int(path.rpartition("/")[2]) if path.startswith("/status/") else 200
        body = f"{self.command} {path}\n".encode()
        self.send_response(302 if path == "/redirect" else status)
        if path == "/redirect":
            self.send_header("Location", "/status/200?after=redirect")
        self.send_header("X-Server", "serving")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_POST = do_PUT = do_DELETE = do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Clients may go as they like."""


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """The URL of a server that lives as long as the block."""
    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def tracing_headers() -> str:
    """The names of the trace headers that the last request carried."""
    known = ("x-datadog", "traceparent", "tracestate", "baggage", "b3", "x-b3")
    return " ".join(sorted(name for name in SEEN[-1] if name.startswith(known))) or "none"


def ask(port: int, method: str, path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    """The status and the text of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, headers={"User-Agent": "case", **(headers or {})})
    response = connection.getresponse()
    text = response.read()
    connection.close()
    return response.status, text


def ask_each(port: int, asked: Iterable[tuple]) -> None:
    """Ask and tell: a server of asyncio calls it in a thread."""
    for method, path, *more in asked:
        print(method, path, ask(port, method, path, *more))
