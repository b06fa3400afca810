"""A trace agent for tests: it listens on the loopback, remembers every request, decodes traces.

    with Agent() as agent:
        run_program(env={"DD_TRACE_AGENT_URL": agent.url})
        agent.wait_for(traces=1)
        [[root, child]] = agent.traces()

A trace is a list of spans, a span a dict in the shape of v0.4 whatever version was sent, with every
key present: service name resource type trace_id span_id parent_id start duration error meta metrics
meta_struct span_links span_events. Trace ids are the low 64 bits, as on the wire.

`Agent(unix=True)` listens on a Unix socket. `agent.answer` says what clients get, and may be changed
at any time: "ok", "error" (500), "reject" (415), "slow" (after `delay` seconds), "close" (no answer),
"cut" (half an answer), "garbage", "silent" (never an answer), or a function of the Request that
returns (status, headers, body). `refuse()` closes the port itself, `listen()` opens it again.

Run as a program it prints its URL and then each trace as one line of JSON: `python agent.py [PORT]`.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import ssl
import struct
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Callable, Union

Span = dict[str, Any]
Answer = Union[str, Callable[["Request"], tuple[int, dict[str, str], bytes]]]

INFO = {
    "version": "7.70.0",
    "endpoints": [
        "/v0.4/traces",
        "/v0.5/traces",
        "/v0.6/stats",
        "/v0.7/config",
        "/telemetry/proxy/",
        "/evp_proxy/v2/",
        "/evp_proxy/v4/",
    ],
    "client_drop_p0s": False,
    "span_events": False,
    "span_meta_structs": True,
}


class BadPayload(AssertionError):
    """A body that an agent would refuse."""


def unpack(data: bytes) -> Any:
    """The one msgpack value that `data` is; BadPayload when it is anything else."""
    reader = _Reader(data)
    value = reader.value(0)
    if reader.at != len(data):
        raise BadPayload(f"{len(data) - reader.at} bytes after the value")
    return value


class _Reader:
    _FIXED = {
        0xCA: ">f", 0xCB: ">d", 0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q",
        0xD0: ">b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q",
    }  # fmt: skip
    _BINARY = {0xC4: ">B", 0xC5: ">H", 0xC6: ">I"}
    _TEXT = {0xD9: ">B", 0xDA: ">H", 0xDB: ">I"}
    _ARRAY = {0xDC: ">H", 0xDD: ">I"}
    _MAP = {0xDE: ">H", 0xDF: ">I"}

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        if self.at + size > len(self.data):
            raise BadPayload(f"ends at {len(self.data)}, wanted {size} bytes at {self.at}")
        self.at += size
        return self.data[self.at - size : self.at]

    def number(self, form: str) -> Any:
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def value(self, depth: int) -> Any:
        if depth > 32:
            raise BadPayload("nested too deeply")
        kind = self.take(1)[0]
        if kind < 0x80:
            return kind
        if kind >= 0xE0:
            return kind - 256
        if kind < 0x90:
            return self.mapping(kind & 15, depth)
        if kind < 0xA0:
            return self.array(kind & 15, depth)
        if kind < 0xC0:
            return self.text(kind & 31)
        if kind in (0xC0, 0xC2, 0xC3):
            return {0xC0: None, 0xC2: False, 0xC3: True}[kind]
        if kind in self._FIXED:
            return self.number(self._FIXED[kind])
        if kind in self._BINARY:
            return self.take(self.number(self._BINARY[kind]))
        if kind in self._TEXT:
            return self.text(self.number(self._TEXT[kind]))
        if kind in self._ARRAY:
            return self.array(self.number(self._ARRAY[kind]), depth)
        if kind in self._MAP:
            return self.mapping(self.number(self._MAP[kind]), depth)
        raise BadPayload(f"byte {kind:#x} at {self.at - 1}")

    def text(self, size: int) -> str:
        raw = self.take(size)
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise BadPayload(f"text is not UTF-8: {raw!r}") from error

    def array(self, size: int, depth: int) -> list[Any]:
        return [self.value(depth + 1) for _ in range(size)]

    def mapping(self, size: int, depth: int) -> dict[Any, Any]:
        out: dict[Any, Any] = {}
        for _ in range(size):
            key = self.value(depth + 1)
            if key in out:
                raise BadPayload(f"key {key!r} twice")
            out[key] = self.value(depth + 1)
        return out


_EMPTY: Span = {
    "service": "", "name": "", "resource": "", "type": "", "trace_id": 0, "span_id": 0,
    "parent_id": 0, "start": 0, "duration": 0, "error": 0,
}  # fmt: skip
_ORDER_V05 = (
    "service", "name", "resource", "trace_id", "span_id", "parent_id", "start", "duration",
    "error", "meta", "metrics", "type",
)  # fmt: skip


def _complete(span: Span) -> Span:
    full: Span = {**_EMPTY, "meta": {}, "metrics": {}, "meta_struct": {}, "span_links": [],
                  "span_events": []}  # fmt: skip
    unknown = set(span) - set(full)
    if unknown:
        raise BadPayload(f"unknown keys in span: {sorted(unknown)}")
    full.update(span)
    full["meta_struct"] = {key: unpack(value) for key, value in full["meta_struct"].items()}
    for key, value in full["meta"].items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise BadPayload(f"meta {key!r}: {value!r}")
    for key, value in full["metrics"].items():
        if not isinstance(key, str) or not isinstance(value, float):
            raise BadPayload(f"metric {key!r}: {value!r}")
    return full


def decode_v04(body: bytes) -> list[list[Span]]:
    return [[_complete(span) for span in chunk] for chunk in unpack(body)]


def decode_v05(body: bytes) -> list[list[Span]]:
    strings, chunks = unpack(body)
    if not strings or strings[0] != "":
        raise BadPayload("the first string is not empty")

    def expand(row: list[Any]) -> Span:
        if len(row) != len(_ORDER_V05):
            raise BadPayload(f"a span of {len(row)} fields")
        span = dict(zip(_ORDER_V05, row))
        for key in ("service", "name", "resource", "type"):
            span[key] = strings[span[key]]
        span["meta"] = {strings[key]: strings[value] for key, value in span["meta"].items()}
        span["metrics"] = {strings[key]: value for key, value in span["metrics"].items()}
        return _complete(span)

    return [[expand(row) for row in chunk] for chunk in chunks]


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes
    connection: int  # numbered from 1: the same number means the same connection
    traces: list[list[Span]] = field(default_factory=list)

    def json(self) -> Any:
        return json.loads(self.body)


class Agent:
    def __init__(
        self,
        *,
        unix: bool = False,
        port: int = 0,
        prefix: str = "",
        tls: ssl.SSLContext | None = None,  # of a server: the url begins with https://localhost
    ) -> None:
        self.answer: Answer = "ok"
        self.delay = 1.0
        self.rates: dict[str, float] = {"service:,env:": 1.0}
        self.info: dict[str, Any] = dict(INFO)
        self.requests: list[Request] = []
        self.problems: list[str] = []  # payloads that could not be decoded; checked on exit
        self._changed = threading.Condition()
        self._prefix = prefix
        self._tls = tls
        self._folder = tempfile.mkdtemp(prefix="dd-agent-") if unix else None
        self._port = port
        self._listener: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._connections = 0
        self._closing = threading.Event()
        self.listen()

    # --- life ---------------------------------------------------------------------------------

    def __enter__(self) -> Agent:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.close()
        if kind is None and self.problems:
            raise BadPayload("; ".join(self.problems))

    @property
    def url(self) -> str:
        if self._folder:
            return f"unix://{self._folder}/agent.socket"
        if self._tls:
            return f"https://localhost:{self._port}{self._prefix}"
        return f"http://127.0.0.1:{self._port}{self._prefix}"

    @property
    def port(self) -> int:
        return self._port

    def listen(self) -> None:
        if self._folder:
            path = f"{self._folder}/agent.socket"
            if os.path.exists(path):
                os.unlink(path)
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(path)
        else:
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", self._port))
            self._port = listener.getsockname()[1]
        listener.listen(128)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def refuse(self) -> None:
        """From now on nobody listens, and open connections are gone."""
        listener, self._listener = self._listener, None
        if listener:
            try:
                listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            listener.close()
        with self._changed:
            open_now = list(self._open)
        for connection in open_now:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self) -> None:
        self._closing.set()
        self.refuse()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    # --- what came in -------------------------------------------------------------------------

    def traces(self) -> list[list[Span]]:
        """Every chunk of every trace request, in order of arrival."""
        with self._changed:
            return [chunk for request in self.requests for chunk in request.traces]

    def spans(self, at_least: int = 0) -> list[Span]:
        """What came in, in order. A process ends when its last payload is handed to the system, which
        may be before this agent read it: `at_least` so many are waited for, for ten seconds at most."""
        with contextlib.suppress(AssertionError):
            self.wait_for(spans=at_least)
        return [span for chunk in self.traces() for span in chunk]

    def by_path(self, start: str) -> list[Request]:
        with self._changed:
            return [request for request in self.requests if request.path.startswith(start)]

    def wait_for(
        self,
        traces: int = 0,
        *,
        spans: int = 0,
        requests: int = 0,
        until: Callable[[Agent], bool] | None = None,
        timeout: float = 10.0,
    ) -> list[list[Span]]:
        """Waits until at least that much came in; returns the traces. AssertionError if it does not."""

        def enough() -> bool:
            got = [chunk for request in self.requests for chunk in request.traces]
            return (
                len(got) >= traces
                and sum(map(len, got)) >= spans
                and len(self.requests) >= requests
                and (until is None or until(self))
            )

        with self._changed:
            if not self._changed.wait_for(enough, timeout):
                got = [len(chunk) for request in self.requests for chunk in request.traces]
                raise AssertionError(
                    f"after {timeout} s: {len(self.requests)} requests, {len(got)} traces of "
                    f"{got[:20]} spans; problems: {self.problems}"
                )
        return self.traces()

    def clear(self) -> None:
        with self._changed:
            self.requests.clear()
            self.problems.clear()

    # --- the server ---------------------------------------------------------------------------

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self._changed:
                self._open.add(connection)
                self._connections += 1
                number = self._connections
            threading.Thread(target=self._serve, args=(connection, number), daemon=True).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        try:
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as stream:
                while (request := self._read(stream, number)) is not None:
                    if not self._reply(connection, request):
                        return
        except OSError:
            pass
        finally:
            with self._changed:
                self._open.discard(connection)

    def _read(self, stream: Any, number: int) -> Request | None:
        start = stream.readline()
        if not start:
            return None
        method, path, _ = start.decode("latin-1").split(" ", 2)
        headers: dict[str, str] = {}
        while (line := stream.readline().strip()) != b"":
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = b""
            while size := int(stream.readline().split(b";")[0], 16):
                body += stream.read(size)
                stream.readline()
            stream.readline()
        else:
            wanted = int(headers.get("content-length", 0))
            body = stream.read(wanted)
            if len(body) < wanted:
                return None
        request = Request(method, path, headers, body, number)
        self._decode(request)
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
        return request

    def _decode(self, request: Request) -> None:
        if self.answer not in ("ok", "slow") and not callable(self.answer):
            return  # refused or lost: a real agent would not have these traces
        path = request.path[len(self._prefix) :]
        try:
            if path == "/v0.4/traces":
                request.traces = decode_v04(request.body)
            elif path == "/v0.5/traces":
                request.traces = decode_v05(request.body)
            else:
                return
            stated = request.headers.get("x-datadog-trace-count")
            if stated != str(len(request.traces)):
                raise BadPayload(f"x-datadog-trace-count {stated}, {len(request.traces)} sent")
        except (BadPayload, LookupError, TypeError, ValueError) as error:
            self.problems.append(f"{request.method} {request.path}: {type(error).__name__} {error}")

    def _reply(self, connection: socket.socket, request: Request) -> bool:
        answer = self.answer
        status, extra, body = 200, {"Content-Type": "application/json"}, b"{}"
        path = request.path[len(self._prefix) :]
        if path == "/info":
            body = json.dumps(self.info).encode()
        elif path.endswith("/traces"):
            body = json.dumps({"rate_by_service": self.rates}).encode()
        if callable(answer):
            status, extra, body = answer(request)
        elif answer == "error":
            status, body = 500, b"no"
        elif answer == "reject":
            status, body = 415, b"no"
        elif answer == "slow":
            self._closing.wait(self.delay)
        elif answer == "close":
            return False
        elif answer == "garbage":
            connection.sendall(b"\x00\xff{]}" * 40)
            return False
        elif answer == "silent":
            self._closing.wait()
            return False
        head = [f"HTTP/1.1 {status} -", f"Content-Length: {len(body)}"]
        head += [f"{name}: {value}" for name, value in extra.items()]
        raw = "\r\n".join(head).encode() + b"\r\n\r\n" + body
        if answer == "cut":
            connection.sendall(raw[: len(raw) - len(body) // 2 - 1])
            return False
        connection.sendall(raw)
        return True


def main() -> None:
    agent = Agent(port=int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    print(agent.url, flush=True)
    shown = 0
    while True:
        time.sleep(0.1)
        traces = agent.traces()
        for chunk in traces[shown:]:
            print(json.dumps(chunk, default=repr), flush=True)
        shown = len(traces)


if __name__ == "__main__":
    main()
