"""The client."""

from __future__ import annotations

import os
import socket

from ddtrace import _native
from ddtrace.vendor.dogstatsd.container import ContainerID, UnresolvableContainerID
from ddtrace.vendor.dogstatsd.context import (
    DistributedContextManagerDecorator,
    TimedContextManagerDecorator,
)
from ddtrace.vendor.dogstatsd.route import get_default_route

TYPE_CHECKING = False
if TYPE_CHECKING:
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
_CLIENT_VERSION = "0.47.0"

_YES = ("True", "true", "yes", "1")


class DogStatsd(_native.Statsd):
    """A client of an agent, by UDP or by a Unix datagram socket.

    Lines are sent by the program's own worker: nothing here waits, and nothing raises when the
    agent is not there. Any thread may use it.
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
        self.telemetry_socket_path = telemetry_socket_path
        self.telemetry_host = telemetry_host or environ.get("DD_TELEMETRY_HOST")
        self.telemetry_port = int(
            telemetry_port or environ.get("DD_TELEMETRY_PORT") or self.port or DEFAULT_PORT
        )
        self.telemetry_socket_timeout = telemetry_socket_timeout
        self._buffering = not disable_buffering
        transport = "udp" if socket_path is None else "uds"
        client = f"client:py,client_version:{_CLIENT_VERSION},client_transport:{transport}"
        best = UDP_OPTIMAL_PAYLOAD_LENGTH if socket_path is None else UDS_OPTIMAL_PAYLOAD_LENGTH
        self._start(
            self.host or "",
            str(self.port or ""),
            socket_path or "",
            max_buffer_len or best,
            self._buffering,
            max(flush_interval, MIN_FLUSH_INTERVAL),
            not disable_telemetry,
            telemetry_min_flush_interval,
            ",".join([client, *self.constant_tags]),
            self.telemetry_host or "",
            str(self.telemetry_port),
            telemetry_socket_path or "",
            self._container_suffix(container_id, origin_detection_enabled),
        )

    @staticmethod
    def _container_suffix(container_id: str | None, wanted: bool) -> str:
        environ = os.environ
        if environ.get(ENTITY_ID_ENV_VAR):
            return ""
        if not container_id:
            off = environ.get(ORIGIN_DETECTION_ENABLED, "true").lower()
            if off in ("false", "0", "no", "off") or not wanted:
                return ""
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

    def get_socket(self, telemetry: bool = False) -> Any:
        """A socket of the caller's own, connected to where the lines go."""
        path, host, port = self.socket_path, self.host, self.port
        if telemetry and (self.telemetry_host or self.telemetry_socket_path):
            path, host, port = self.telemetry_socket_path, self.telemetry_host, self.telemetry_port
        if path is not None:
            made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            target: Any = path
        else:
            found = socket.getaddrinfo(host, port, 0, socket.SOCK_DGRAM)
            found.sort(key=lambda row: row[0] != socket.AF_INET)
            made = socket.socket(found[0][0], socket.SOCK_DGRAM)
            target = found[0][4]
        try:
            made.settimeout(self.socket_timeout)
            made.connect(target)
        except OSError:
            made.close()
            raise
        return made

    def set_socket_timeout(self, timeout: float) -> None:
        """Kept for callers of `get_socket`: lines are sent without waiting."""
        self.socket_timeout = timeout

    def close_socket(self) -> None:
        """Closes the sockets; the next packet opens them again. What is buffered stays so."""
        if not self._buffering:
            self.flush()
        self._close()

    # Buffers.

    @property
    def disable_buffering(self) -> bool:
        """Whether each line is a packet of its own."""
        return not self._buffering

    @disable_buffering.setter
    def disable_buffering(self, value: bool) -> None:
        self._buffering = not value
        self._set_buffering(self._buffering)

    def open_buffer(self, max_buffer_size: int | None = None) -> None:
        """Keeps what comes until `close_buffer`."""
        self._hold()

    def close_buffer(self) -> None:
        """Sends what was kept."""
        self._release()

    def __enter__(self) -> DogStatsd:
        self.open_buffer()
        return self

    def __exit__(self, exc_type: object, value: object, traceback: object) -> None:
        self.close_buffer()

    def enable_background_sender(
        self, sender_queue_size: int = 0, sender_queue_timeout: float = 0
    ) -> None:
        """Lines are always sent in the background."""

    def disable_background_sender(self) -> None:
        """Sends what waits; lines are always sent in the background."""
        self.flush()

    def wait_for_pending(self) -> None:
        """Sends what was given."""
        self.flush()

    def disable_telemetry(self) -> None:
        """The client says nothing about itself."""
        self._set_telemetry(False)

    def enable_telemetry(self) -> None:
        """The client tells how much it sends and drops."""
        self._set_telemetry(True)

    # Measuring.

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
        if self._put(line, "", tags, True) > 8 * 1024:
            raise ValueError(f'Event "{title}" payload is too big (>=8KB). Event discarded')

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
        text = message.replace("\n", "\\n").replace("m:", "m\\:") if message else ""
        self._put(line, "|m:" + text if text else "", tags, False)


statsd = DogStatsd()
