"""The client."""

from __future__ import annotations

import errno
import os
import random
import socket
import threading
import time

from ddtrace.vendor.dogstatsd.container import ContainerID, UnresolvableContainerID
from ddtrace.vendor.dogstatsd.context import (
    DistributedContextManagerDecorator,
    TimedContextManagerDecorator,
)
from ddtrace.vendor.dogstatsd.format import normalize_tags
from ddtrace.vendor.dogstatsd.route import get_default_route

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from queue import Queue
    from typing import Any

DEFAULT_HOST = "localhost"
DEFAULT_PORT = 8125
DEFAULT_FLUSH_INTERVAL = 0.3
MIN_FLUSH_INTERVAL = 0.0001
ENTITY_ID_ENV_VAR = "DD_ENTITY_ID"
ENTITY_ID_TAG_NAME = "dd.internal.entity_id"
ORIGIN_DETECTION_ENABLED = "DD_ORIGIN_DETECTION_ENABLED"
DD_ENV_TAGS_MAPPING = {
    ENTITY_ID_ENV_VAR: ENTITY_ID_TAG_NAME,
    "DD_ENV": "env",
    "DD_SERVICE": "service",
    "DD_VERSION": "version",
}
UDP_OPTIMAL_PAYLOAD_LENGTH = 1432
UDS_OPTIMAL_PAYLOAD_LENGTH = 8192
MIN_SEND_BUFFER_SIZE = 32 * 1024
DEFAULT_TELEMETRY_MIN_FLUSH_INTERVAL = 10
_MAX_EVENT_BYTES = 8 * 1024
_CLIENT_VERSION = "0.47.0"

_YES = ("True", "true", "yes", "1")


def _log_failure(error: OSError) -> None:
    from ddtrace.internal.logger import get_logger

    get_logger("datadog.dogstatsd").warning(
        "Error submitting packet: %s, dropping the packet and closing the socket", error
    )


class _Telemetry:
    """What the client counts about itself, and sends every ten seconds."""

    NAMES = (
        "metrics",
        "events",
        "service_checks",
        "bytes_sent",
        "bytes_dropped",
        "bytes_dropped_queue",
        "bytes_dropped_writer",
        "packets_sent",
        "packets_dropped",
        "packets_dropped_queue",
        "packets_dropped_writer",
    )

    def __init__(self, enabled: bool, interval: float, tags: str) -> None:
        self.enabled = enabled
        self.interval = interval
        self.tags = tags
        self.last = time.monotonic()
        self.reset()

    def reset(self) -> None:
        self.counts = dict.fromkeys(self.NAMES, 0)

    def due(self) -> bool:
        return self.enabled and self.last + self.interval < time.monotonic()

    def text(self) -> str:
        return "".join(
            f"datadog.dogstatsd.client.{name}:{count}|c|#{self.tags}\n"
            for name, count in self.counts.items()
        )


class DogStatsd:
    """A client of an agent, by UDP or by a Unix datagram socket.

    Nothing here raises when the agent is not there. Any thread may use it.
    """

    OK, WARNING, CRITICAL, UNKNOWN = range(4)

    def __init__(
        self,
        host: str | None = DEFAULT_HOST,
        port: int | str | None = DEFAULT_PORT,
        max_buffer_size: int | None = None,
        flush_interval: float = DEFAULT_FLUSH_INTERVAL,
        disable_buffering: bool = True,
        namespace: str | None = None,
        constant_tags: list[str] | None = None,
        use_ms: bool = False,
        use_default_route: bool = False,
        socket_path: str | None = None,
        default_sample_rate: float = 1,
        disable_telemetry: bool = False,
        telemetry_min_flush_interval: float = DEFAULT_TELEMETRY_MIN_FLUSH_INTERVAL,
        telemetry_host: str | None = None,
        telemetry_port: int | str | None = None,
        telemetry_socket_path: str | None = None,
        max_buffer_len: int = 0,
        container_id: str | None = None,
        origin_detection_enabled: bool = True,
        socket_timeout: float | None = 0,
        telemetry_socket_timeout: float | None = 0,
        disable_background_sender: bool = True,
        sender_queue_size: int = 0,
        sender_queue_timeout: float = 0,
    ) -> None:
        self._lock = threading.RLock()
        self.socket: socket.socket | None = None
        self.telemetry_socket: socket.socket | None = None
        environ = os.environ
        if host == DEFAULT_HOST:
            host = environ.get("DD_AGENT_HOST", DEFAULT_HOST)
        if port == DEFAULT_PORT:
            port = environ.get("DD_DOGSTATSD_PORT", DEFAULT_PORT)
        self.socket_path = socket_path
        self.host = None if socket_path is not None else self.resolve_host(host, use_default_route)
        self.port = None if socket_path is not None else int(port or DEFAULT_PORT)
        self._enabled = environ.get("DD_DOGSTATSD_DISABLE") not in _YES
        self.socket_timeout = socket_timeout
        env_tags = [tag for tag in environ.get("DATADOG_TAGS", "").split(",") if tag]
        env_tags += [
            f"{tag}:{environ[variable]}"
            for variable, tag in DD_ENV_TAGS_MAPPING.items()
            if environ.get(variable)
        ]
        self.constant_tags = list(constant_tags or []) + env_tags
        self.namespace = namespace
        self.use_ms = use_ms
        self.default_sample_rate = default_sample_rate
        self._container = self._container_suffix(container_id, origin_detection_enabled)
        transport = "udp" if socket_path is None else "uds"
        client = f"client:py,client_version:{_CLIENT_VERSION},client_transport:{transport}"
        self._telemetry = _Telemetry(
            not disable_telemetry,
            telemetry_min_flush_interval,
            ",".join([client, *self.constant_tags]),
        )
        self.telemetry_socket_path = telemetry_socket_path
        self.telemetry_host = telemetry_host or environ.get("DD_TELEMETRY_HOST")
        self.telemetry_port = int(
            telemetry_port or environ.get("DD_TELEMETRY_PORT") or self.port or DEFAULT_PORT
        )
        self.telemetry_socket_timeout = telemetry_socket_timeout
        self._max_payload = max_buffer_len or (
            UDP_OPTIMAL_PAYLOAD_LENGTH if socket_path is None else UDS_OPTIMAL_PAYLOAD_LENGTH
        )
        self._buffer: list[bytes] = []
        self._buffer_bytes = 0
        self._flush_interval = flush_interval
        self._flusher: threading.Thread | None = None
        self._flusher_stop = threading.Event()
        self._buffering = not disable_buffering
        self._held = False  # open_buffer() was called
        self._queue: Queue[bytes | None] | None = None
        self._queue_timeout: float | None = None
        if self._buffering:
            self._start_flusher()
        if not disable_background_sender:
            self.enable_background_sender(sender_queue_size, sender_queue_timeout)

    @staticmethod
    def _container_suffix(container_id: str | None, wanted: bool) -> str:
        environ = os.environ
        off = environ.get(ORIGIN_DETECTION_ENABLED, "true").lower() in ("false", "0", "no", "off")
        if environ.get(ENTITY_ID_ENV_VAR) or off or not wanted:
            return ""
        if container_id is None:
            try:
                container_id = ContainerID().container_id
            except UnresolvableContainerID:
                return ""
        return f"|c:{container_id}" if container_id else ""

    @staticmethod
    def resolve_host(host: str | None, use_default_route: bool) -> str | None:
        """The host itself, or the default gateway."""
        return get_default_route() if use_default_route else host

    # Sockets.

    def _open(self, path: str | None, host: str | None, port: int | None, timeout: Any) -> Any:
        if path is not None:
            made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            target: Any = path
        else:
            found = socket.getaddrinfo(host, port, 0, socket.SOCK_DGRAM)
            found.sort(key=lambda row: row[0] != socket.AF_INET)
            made = socket.socket(found[0][0], socket.SOCK_DGRAM)
            target = found[0][4]
        try:
            made.settimeout(timeout)
            if made.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= MIN_SEND_BUFFER_SIZE:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MIN_SEND_BUFFER_SIZE)
            made.connect(target)
        except OSError:
            made.close()
            raise
        return made

    def get_socket(self, telemetry: bool = False) -> Any:
        """The socket, connected."""
        with self._lock:
            elsewhere = self.telemetry_host or self.telemetry_socket_path
            if telemetry and elsewhere:
                if self.telemetry_socket is None:
                    self.telemetry_socket = self._open(
                        self.telemetry_socket_path,
                        self.telemetry_host,
                        self.telemetry_port,
                        self.telemetry_socket_timeout,
                    )
                return self.telemetry_socket
            if self.socket is None:
                self.socket = self._open(
                    self.socket_path, self.host, self.port, self.socket_timeout
                )
            return self.socket

    def set_socket_timeout(self, timeout: float) -> None:
        """How long a packet may wait for the agent; 0 waits for nothing."""
        with self._lock:
            self.socket_timeout = timeout
            if self.socket is not None:
                self.socket.settimeout(timeout)

    def close_socket(self) -> None:
        """Closes the sockets; the next packet opens them again."""
        with self._lock:
            for each in (self.socket, self.telemetry_socket):
                if each is not None:
                    each.close()
            self.socket = self.telemetry_socket = None

    # Sending.

    def _send_now(self, packet: bytes, telemetry: bool = False) -> None:
        counts = self._telemetry.counts
        try:
            with self._lock:
                self.get_socket(telemetry).send(packet)
        except OSError as error:
            full = isinstance(error, (BlockingIOError, socket.timeout)) or error.errno in (
                errno.ENOBUFS,
                errno.EAGAIN,
            )
            if not full:
                if error.errno != errno.ECONNREFUSED:
                    _log_failure(error)
                self.close_socket()
            for name in ("bytes_dropped", "bytes_dropped_writer"):
                counts[name] += len(packet)
            for name in ("packets_dropped", "packets_dropped_writer"):
                counts[name] += 1
            return
        if not telemetry:
            counts["bytes_sent"] += len(packet)
            counts["packets_sent"] += 1

    def _send(self, packet: bytes) -> None:
        queue = self._queue
        if queue is not None:
            from queue import Full

            try:
                queue.put(packet, self._queue_timeout != 0, self._queue_timeout)
            except Full:
                self._telemetry.counts["bytes_dropped_queue"] += len(packet)
                self._telemetry.counts["packets_dropped_queue"] += 1
            return
        self._send_now(packet)
        self._send_telemetry()

    def _send_telemetry(self) -> None:
        if not self._telemetry.due():
            return
        packet = self._telemetry.text().encode("utf-8")
        self._telemetry.reset()
        self._telemetry.last = time.monotonic()
        self._send_now(packet, telemetry=bool(self.telemetry_host or self.telemetry_socket_path))

    def _put(self, line: str) -> None:
        packet = line.encode("utf-8") + b"\n"
        if not (self._buffering or self._held):
            self._send(packet)
            return
        with self._lock:
            if self._buffer and self._buffer_bytes + len(packet) > self._max_payload:
                self.flush()
            self._buffer.append(packet)
            self._buffer_bytes += len(packet)

    def flush(self) -> None:
        """Sends what is buffered."""
        with self._lock:
            packet = b"".join(self._buffer)
            self._buffer = []
            self._buffer_bytes = 0
        if packet:
            self._send(packet)

    # Buffers and threads.

    def _start_flusher(self) -> None:
        if self._flush_interval <= MIN_FLUSH_INTERVAL:
            return
        self._flusher_stop.clear()
        self._flusher = threading.Thread(target=self._flush_again_and_again, daemon=True)
        self._flusher.start()

    def _flush_again_and_again(self) -> None:
        while not self._flusher_stop.wait(self._flush_interval):
            self.flush()

    @property
    def disable_buffering(self) -> bool:
        """Whether each line is a packet of its own."""
        return not self._buffering

    @disable_buffering.setter
    def disable_buffering(self, value: bool) -> None:
        with self._lock:
            if self._buffering is not value:
                return
            self._buffering = not value
        if self._buffering:
            self._start_flusher()
        else:
            self._flusher_stop.set()
            self.flush()

    def open_buffer(self, max_buffer_size: int | None = None) -> None:
        """Keeps what comes until `close_buffer`."""
        with self._lock:
            self._held = True

    def close_buffer(self) -> None:
        """Sends what was kept."""
        with self._lock:
            self._held = False
        self.flush()

    def __enter__(self) -> DogStatsd:
        self.open_buffer()
        return self

    def __exit__(self, exc_type: object, value: object, traceback: object) -> None:
        self.close_buffer()

    def enable_background_sender(
        self, sender_queue_size: int = 0, sender_queue_timeout: float = 0
    ) -> None:
        """Sends from a thread of its own."""
        from queue import Queue

        with self._lock:
            if self._queue is not None:
                return
            self._queue_timeout = sender_queue_timeout
            queue: Queue[bytes | None] = Queue(sender_queue_size)
            self._queue = queue
        threading.Thread(target=self._send_from, args=(queue,), daemon=True).start()

    def disable_background_sender(self) -> None:
        """Sends from the callers' threads again, when the queue is empty."""
        with self._lock:
            queue, self._queue = self._queue, None
        if queue is not None:
            queue.put(None)
            queue.join()

    def _send_from(self, queue: Queue[bytes | None]) -> None:
        while True:
            packet = queue.get()
            try:
                if packet is None:
                    return
                self._send_now(packet)
                self._send_telemetry()
            finally:
                queue.task_done()

    def wait_for_pending(self) -> None:
        """Waits until what was given has been sent."""
        self.flush()
        queue = self._queue
        if queue is not None:
            queue.join()

    def disable_telemetry(self) -> None:
        """The client says nothing about itself."""
        self._telemetry.enabled = False

    def enable_telemetry(self) -> None:
        """The client tells how much it sends and drops."""
        self._telemetry.enabled = True

    # Metrics.

    def _all_tags(self, tags: Iterable[str] | None) -> str:
        every = normalize_tags(list(tags or ())) + self.constant_tags
        return "|#" + ",".join(every) if every else ""

    def _report(
        self,
        metric: str,
        kind: str,
        value: Any,
        tags: Iterable[str] | None,
        sample_rate: float | None,
    ) -> None:
        if value is None or not self._enabled:
            return
        self._telemetry.counts["metrics"] += 1
        rate = self.default_sample_rate if sample_rate is None else sample_rate
        if rate != 1 and random.random() > rate:
            return
        name = f"{self.namespace}.{metric}" if self.namespace else metric
        sampled = f"|@{rate}" if rate != 1 else ""
        self._put(f"{name}:{value}|{kind}{sampled}{self._all_tags(tags)}{self._container}")

    def gauge(
        self, metric: str, value: Any, tags: Any = None, sample_rate: float | None = None
    ) -> None:
        """A value as it is now."""
        self._report(metric, "g", value, tags, sample_rate)

    def increment(
        self, metric: str, value: Any = 1, tags: Any = None, sample_rate: float | None = None
    ) -> None:
        """Adds to a counter."""
        self._report(metric, "c", value, tags, sample_rate)

    def decrement(
        self, metric: str, value: Any = 1, tags: Any = None, sample_rate: float | None = None
    ) -> None:
        """Takes from a counter."""
        self._report(metric, "c", -value if value else value, tags, sample_rate)

    def histogram(
        self, metric: str, value: Any, tags: Any = None, sample_rate: float | None = None
    ) -> None:
        """A value of a histogram."""
        self._report(metric, "h", value, tags, sample_rate)

    def distribution(
        self, metric: str, value: Any, tags: Any = None, sample_rate: float | None = None
    ) -> None:
        """A value of a distribution over all hosts."""
        self._report(metric, "d", value, tags, sample_rate)

    def timing(
        self, metric: str, value: Any, tags: Any = None, sample_rate: float | None = None
    ) -> None:
        """A duration."""
        self._report(metric, "ms", value, tags, sample_rate)

    def set(
        self, metric: str, value: Any, tags: Any = None, sample_rate: float | None = None
    ) -> None:
        """A member of a set whose size is counted."""
        self._report(metric, "s", value, tags, sample_rate)

    def timed(
        self,
        metric: str | None = None,
        tags: Any = None,
        sample_rate: float | None = None,
        use_ms: bool | None = None,
    ) -> TimedContextManagerDecorator:
        """Measures a block, or a function when it is used as a decorator."""
        rate = self.default_sample_rate if sample_rate is None else sample_rate
        return TimedContextManagerDecorator(self, metric, tags, rate, use_ms)

    def distributed(
        self,
        metric: str | None = None,
        tags: Any = None,
        sample_rate: float | None = None,
        use_ms: bool | None = None,
    ) -> DistributedContextManagerDecorator:
        """The same as a distribution."""
        rate = self.default_sample_rate if sample_rate is None else sample_rate
        return DistributedContextManagerDecorator(self, metric, tags, rate, use_ms)

    # Events and checks.

    def event(
        self,
        title: str,
        message: str,
        alert_type: str | None = None,
        aggregation_key: str | None = None,
        source_type_name: str | None = None,
        date_happened: float | None = None,
        priority: str | None = None,
        tags: Any = None,
        hostname: str | None = None,
    ) -> None:
        """An event; a ValueError when it has more than 8 KiB."""
        title = title.replace("\n", "\\n")
        text = message.replace("\n", "\\n")
        line = f"_e{{{len(title.encode())},{len(text.encode())}}}:{title}|{text}"
        if date_happened:
            line += "|d:%d" % date_happened
        for mark, value in (
            ("h", hostname),
            ("k", aggregation_key),
            ("p", priority),
            ("s", source_type_name),
            ("t", alert_type),
        ):
            if value:
                line += f"|{mark}:{value}"
        line += self._all_tags(tags) + self._container
        if len(line.encode()) > _MAX_EVENT_BYTES:
            raise ValueError(f'Event "{title}" payload is too big (>=8KB). Event discarded')
        if self._enabled:
            self._telemetry.counts["events"] += 1
            self._put(line)

    def service_check(
        self,
        check_name: str,
        status: int,
        tags: Any = None,
        timestamp: float | None = None,
        hostname: str | None = None,
        message: str | None = None,
    ) -> None:
        """The state of a service."""
        line = f"_sc|{check_name}|{status}"
        if timestamp:
            line += f"|d:{timestamp}"
        if hostname:
            line += f"|h:{hostname}"
        line += self._all_tags(tags)
        if message:
            line += "|m:" + message.replace("\n", "\\n").replace("m:", "m\\:")
        line += self._container
        if self._enabled:
            self._telemetry.counts["service_checks"] += 1
            self._put(line)


statsd = DogStatsd()
