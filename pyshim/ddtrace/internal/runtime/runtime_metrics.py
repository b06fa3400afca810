"""The worker behind `ddtrace.runtime`."""

from __future__ import annotations

import gc
import os
import resource
import time

from ddtrace import _contrib, _native
from ddtrace.internal import atexit, forksafe, periodic
from ddtrace.internal.dogstatsd import default_url, get_dogstatsd_client
from ddtrace.internal.settings.env import env
from ddtrace.internal.utils.formats import asbool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_INTERVAL = 10.0


class _GcPauses:
    """How long collections stop the program. Called while anything may be locked: locks nothing."""

    def __init__(self) -> None:
        self.started = 0
        self.total = 0
        self.longest = 0

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        now = time.monotonic_ns()
        if phase == "start":
            self.started = now
        elif self.started:
            pause = now - self.started
            self.total += pause
            self.longest = max(self.longest, pause)

    def take(self) -> tuple[int, int]:
        taken = self.total, self.longest
        self.total = self.longest = 0
        return taken


def _threads() -> int:
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        import threading

        return threading.active_count()


def _resident_bytes() -> int:
    try:
        with open("/proc/self/statm", encoding="ascii") as stream:
            return int(stream.read().split()[1]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


class _Meter:
    """Reads all values; most of them are what happened since the last time."""

    def __init__(self) -> None:
        self.pauses = _GcPauses()
        gc.callbacks.append(self.pauses)
        self.start_again()

    def close(self) -> None:
        if self.pauses in gc.callbacks:
            gc.callbacks.remove(self.pauses)

    def start_again(self) -> None:
        self._wall = time.monotonic()
        self._usage = resource.getrusage(resource.RUSAGE_SELF)
        self._collections = [generation["collections"] for generation in gc.get_stats()]
        self.pauses.take()

    def read(self) -> Iterator[tuple[str, float]]:
        for generation, count in enumerate(gc.get_count()):
            yield f"gc.count.gen{generation}", count
        collections = [generation["collections"] for generation in gc.get_stats()]
        for generation, (now, before) in enumerate(zip(collections, self._collections)):
            yield f"gc.collections.gen{generation}", now - before
        self._collections = collections
        total, longest = self.pauses.take()
        yield "gc.pause.time", total
        yield "gc.pause.max", longest
        wall, usage = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF)
        system = usage.ru_stime - self._usage.ru_stime
        user = usage.ru_utime - self._usage.ru_utime
        yield "cpu.time.sys", system
        yield "cpu.time.user", user
        yield "thread_count", _threads()
        yield "mem.rss", _resident_bytes()
        passed = wall - self._wall
        yield "cpu.percent", 100 * (system + user) / passed if passed > 0 else 0.0
        yield "cpu.ctx_switch.voluntary", usage.ru_nvcsw - self._usage.ru_nvcsw
        yield "cpu.ctx_switch.involuntary", usage.ru_nivcsw - self._usage.ru_nivcsw
        self._wall, self._usage = wall, usage


def _tags() -> list[str]:
    from ddtrace.internal.compat import PYTHON_INTERPRETER, PYTHON_VERSION
    from ddtrace.internal.constants import DEFAULT_SERVICE_NAME
    from ddtrace.version import __version__

    service, _, environment, version, tags = _contrib.process()
    out = [f"service:{service or DEFAULT_SERVICE_NAME}"]
    out += [f"env:{environment}"] if environment else []
    out += [f"version:{version}"] if version else []
    out += [f"{key}:{value}" for key, value in tags.items()]
    out += [
        "lang:python",
        f"lang_interpreter:{PYTHON_INTERPRETER}",
        f"lang_version:{PYTHON_VERSION}",
        f"tracer_version:{__version__}",
    ]
    if asbool(env.get("DD_TRACE_EXPERIMENTAL_RUNTIME_ID_ENABLED")):
        out.append(f"runtime-id:{_native.facts()[3]}")
    out += [tag for tag in _contrib.process_tags().split(",") if tag]
    return out


class RuntimeWorker(periodic.PeriodicService):
    """Sends the values every ten seconds, and once more at the end."""

    enabled = False
    _instance: RuntimeWorker | None = None
    _lock = forksafe.Lock()

    def __init__(self, interval: float = _INTERVAL, dogstatsd_url: str | None = None) -> None:
        super().__init__(interval=interval)
        self._dogstatsd_client = get_dogstatsd_client(dogstatsd_url or default_url())
        features = env.get("DD_TRACE_EXPERIMENTAL_FEATURES_ENABLED", "").split(",")
        as_gauges = "DD_RUNTIME_METRICS_ENABLED" in [feature.strip() for feature in features]
        client = self._dogstatsd_client
        self._send: Any = client.gauge if as_gauges else client.distribution
        self._meter = _Meter()

    @classmethod
    def enable(cls, dogstatsd_url: str | None = None) -> None:
        """Starts the one worker."""
        with cls._lock:
            if cls._instance is not None:
                return
            worker = cls(dogstatsd_url=dogstatsd_url)
            worker.start()
            forksafe.register(cls._restart)
            atexit.register(cls.disable)
            cls._instance = worker
            cls.enabled = True

    @classmethod
    def disable(cls) -> None:
        """Stops it."""
        with cls._lock:
            worker, cls._instance = cls._instance, None
            if worker is None:
                return
            forksafe.unregister(cls._restart)
            worker.stop()
            worker.join(2)
            worker.flush()
            worker._meter.close()
            cls.enabled = False

    @classmethod
    def _restart(cls) -> None:
        worker = cls._instance
        if worker is not None:
            worker._dogstatsd_client.close_socket()
            worker._meter.start_again()
            worker._start_service()

    def flush(self) -> None:
        """Sends the values now."""
        client = self._dogstatsd_client
        client.constant_tags = _tags()
        with client:
            for name, value in self._meter.read():
                self._send(f"runtime.python.{name}", value)

    periodic = flush
