"""A test agent of our own on free ports of the loopback, for as long as a `with` lasts."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

import msgpack

CHECKS = (
    "trace_count_header,meta_tracer_version_header,trace_content_length,meta_events_is_valid_json,"
    "trace_stall,trace_peer_service,trace_dd_service"
)


def home() -> Path:
    """Where `tests/env/setup` puts the environments."""
    return Path(os.environ.get("DD_TEST_HOME", Path.home() / ".cache/ddpython"))


def free_ports(count: int) -> list[int]:
    """Different ports that nothing listened on a moment ago."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def wait_for_port(port: int, process: subprocess.Popen[Any], seconds: float = 60) -> None:
    """Returns when something accepts on the port; fails when the process ends first."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError(f"{process.args!r} does not listen on port {port}")


def _from_v05(strings: list[str], chunks: list[list[list[Any]]]) -> list[list[dict[str, Any]]]:
    """The same spans in the form of v0.4."""
    keys = "service name resource trace_id span_id parent_id start duration error meta metrics type"

    def span(values: list[Any]) -> dict[str, Any]:
        found = dict(zip(keys.split(), values))
        for key in ("service", "name", "resource", "type"):
            found[key] = strings[found[key]]
        found["meta"] = {strings[key]: strings[value] for key, value in found["meta"].items()}
        found["metrics"] = {strings[key]: value for key, value in found["metrics"].items()}
        return found

    return [[span(values) for values in chunk] for chunk in chunks]


class Agent:
    """What a tracer sent since the last `clear`, as the test agent decoded it."""

    def __init__(self) -> None:
        port, otlp_http, otlp_grpc = free_ports(3)
        self.url = f"http://127.0.0.1:{port}"
        self._folder = tempfile.TemporaryDirectory(prefix="test-agent-")
        self._log = open(Path(self._folder.name) / "log", "w+")
        environment = {key: value for key, value in os.environ.items() if not key.startswith("DD_")}
        environment.update(
            ENABLED_CHECKS=CHECKS, DD_POOL_TRACE_CHECK_FAILURES="true", LOG_LEVEL="WARNING"
        )
        command = [str(home() / "agent/bin/ddapm-test-agent"), f"--port={port}"]
        command += [f"--otlp-http-port={otlp_http}", f"--otlp-grpc-port={otlp_grpc}"]
        command += [f"--vcr-cassettes-directory={self._folder.name}"]
        self._process = subprocess.Popen(
            command, env=environment, cwd=self._folder.name, stdout=self._log, stderr=self._log
        )
        try:
            wait_for_port(port, self._process)
        except BaseException:
            self.stop()
            raise

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path, timeout=20) as answer:
            return str(answer.read().decode())

    def chunks(self) -> list[list[dict[str, Any]]]:
        """The chunks as they were sent, in the order in which they arrived.

        `/test/session/traces` puts together what belongs to one trace, and so hides the chunks.
        """
        chunks: list[list[dict[str, Any]]] = []
        for request in json.loads(self.get("/test/session/requests")):
            path = urllib.parse.urlsplit(request["url"]).path
            if path in ("/v0.4/traces", "/v0.5/traces"):
                body = msgpack.unpackb(base64.b64decode(request["body"]), strict_map_key=False)
                chunks += body if path == "/v0.4/traces" else _from_v05(*body)
        return chunks

    def clear(self) -> None:
        self.get("/test/session/clear")
        self.get("/test/trace_check/clear?clear_all=true")

    def failures(self) -> str:
        """What the agent's own checks found wrong; empty when nothing."""
        try:
            self.get("/test/trace_check/failures?return_all=true")
        except urllib.error.HTTPError as error:
            return error.read().decode()
        return ""

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._log.close()
        self._folder.cleanup()

    def __enter__(self) -> Agent:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.stop()
