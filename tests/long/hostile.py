"""Agents that do their worst, and what the application feels of it.

    hostile.py DDPYTHON [--seconds N] [--rounds N] [only ...]

Each round runs the program with tracing off, with a healthy agent, with a healthy agent once more, and
with each temper. Compared within a round, the median over the rounds is judged:

    p99      of the processor time of an operation, as a share of the round's first healthy run: at most 1 %
             more, or what the second healthy run shows against the first where that is more (the machine's
             noise); of the processor's time, since what other programs take is none of ours
    memory   at most, beyond tracing off: 16 MiB
    end      later than with tracing off: 100 ms
    output, exit code, and the balance that DD_TRACE_DEBUG shows: exact in every run

Prints a table and exits with 1 when one of them is worse. Not part of CI.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import pathlib
import re
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from typing import Callable, Iterator

PROGRAM = """
import sys, time
from ddtrace.trace import tracer
end, took = time.monotonic() + float(sys.argv[1]), []
while time.monotonic() < end:
    begin = time.thread_time_ns()
    with tracer.trace("request", service="shop") as span:
        span.set_tag("payload", "x" * 200)
        for _ in range(3):
            with tracer.trace("step"): sum(range(300))
    took.append(time.thread_time_ns() - begin)
    time.sleep(0.0005)
took.sort()
peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
sys.stdout.write("%d %.1f %.1f %d %r\\n" % (len(took), took[len(took) // 2] / 1e3, took[len(took) * 99 // 100] / 1e3,
                 peak, time.monotonic()))
sys.stdout.flush()
sys.exit(7)
"""

HANG = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <unistd.h>
int getaddrinfo(const char* node, const char* service, const struct addrinfo* hints, struct addrinfo** out) {
  int (*real)(const char*, const char*, const struct addrinfo*, struct addrinfo**) = dlsym(RTLD_NEXT, "getaddrinfo");
  if (!(hints && hints->ai_flags & AI_NUMERICHOST)) sleep(3600);
  return real(node, service, hints, out);
}
"""

Serve = Callable[[socket.socket], None]
RESET = struct.pack("ii", 1, 0)


def head(connection: socket.socket) -> None:
    """Reads a request as far as its headers go."""
    seen = b""
    while b"\r\n\r\n" not in seen and (more := connection.recv(65536)):
        seen += more


def whole(connection: socket.socket) -> None:
    seen = b""
    while b"\r\n\r\n" not in seen:
        more = connection.recv(65536)
        if not more:
            raise OSError
        seen += more
    start, _, body = seen.partition(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in start.split(b"\r\n") if line.lower().startswith(b"content-length")), 0)
    while len(body) < length and (more := connection.recv(1 << 20)):
        body += more


def silent(connection: socket.socket) -> None:
    time.sleep(3600)


def reads_slowly(connection: socket.socket) -> None:
    while connection.recv(1):
        time.sleep(1)


def answers_slowly(connection: socket.socket) -> None:
    whole(connection)
    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}":
        connection.sendall(bytes([byte]))
        time.sleep(1)


def resets(connection: socket.socket) -> None:
    head(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    connection.close()


def endless(connection: socket.socket) -> None:
    whole(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n")
    while True:
        connection.sendall(b"x" * (1 << 20))


def answering(text: bytes) -> Serve:
    def serve(connection: socket.socket) -> None:
        while True:
            whole(connection)
            connection.sendall(text)
    return serve


def status(code: int, *headers: str, body: bytes = b"no") -> Serve:
    lines = [f"HTTP/1.1 {code} x", f"Content-Length: {len(body)}", *headers]
    return answering("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


@contextlib.contextmanager
def listening(serve: Serve | None, path: str = "") -> Iterator[str]:
    """`serve` None: nobody accepts."""
    listener = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
    listener.bind(path or ("127.0.0.1", 0))
    listener.listen(0 if serve is None else 64)

    def one(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            serve(connection)  # type: ignore[misc]

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()
    filler = None
    if serve:
        threading.Thread(target=accept, daemon=True).start()
    else:  # the queue of connections is full: not even a handshake is answered
        filler = [socket.socket() for _ in range(4)]
        for one_more in filler:
            one_more.setblocking(False)
            one_more.connect_ex(listener.getsockname())
    yield f"unix://{path}" if path else f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.close()
    for one_more in filler or ():
        one_more.close()


@contextlib.contextmanager
def refusing() -> Iterator[str]:
    yield "http://127.0.0.1:1"


@contextlib.contextmanager
def recreated() -> Iterator[str]:
    path = os.path.join(tempfile.mkdtemp(), "apm.socket")
    ended = threading.Event()

    def again() -> None:
        while not ended.is_set():
            with listening(status(200, body=b"{}"), path):
                ended.wait(0.3)
            os.unlink(path)
            ended.wait(0.3)
    thread = threading.Thread(target=again)
    thread.start()
    yield f"unix://{path}"
    ended.set()
    thread.join()


@contextlib.contextmanager
def nameless() -> Iterator[str]:
    """A resolver that does not answer, in the place of the C library's."""
    folder = pathlib.Path(tempfile.mkdtemp())
    (folder / "hang.c").write_text(HANG)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", folder / "hang.so", folder / "hang.c", "-ldl"], check=True)
    os.environ["LD_PRELOAD"] = str(folder / "hang.so")
    yield "http://agent.example:8126"
    del os.environ["LD_PRELOAD"]


AGENTS: dict[str, Callable[[], contextlib.AbstractContextManager[str]]] = {
    "healthy": lambda: listening(status(200, body=b'{"rate_by_service":{}}')),
    "refuses": refusing,
    "accepts nothing": lambda: listening(None),
    "accepts, reads nothing": lambda: listening(silent),
    "reads a byte a second": lambda: listening(reads_slowly),
    "answers a byte a second": lambda: listening(answers_slowly),
    "resets inside of the body": lambda: listening(resets),
    "garbage": lambda: listening(answering(b"\0\xff{]}" * 40)),
    "garbage after 200": lambda: listening(status(200, body=b"\xff\xfe{{{" * 100)),
    "a body of 10 GiB": lambda: listening(endless),
    **{str(code): (lambda code=code: listening(status(code))) for code in (413, 429, 500, 503)},
    "moved in a circle": lambda: listening(status(307, "Location: /v0.5/traces")),
    "a socket made anew": recreated,
    "a name nobody resolves": nameless,
}


@dataclasses.dataclass
class Outcome:
    traces: int
    middle: float
    slow: float
    memory: int  # KiB
    end: float  # ms
    balance: dict[str, int]

    def exact(self) -> bool:
        lost = sum(count for name, count in self.balance.items() if name not in ("accepted", "sent"))
        return self.balance["accepted"] == self.traces == self.balance["sent"] + lost


def balance_of(errors: str) -> dict[str, int]:
    """"traces: 7 accepted, 5 sent, 2 unsent" as a dict."""
    told = re.findall(r"ddpython: traces: (.*)", errors)
    return {name: int(count) for count, name in re.findall(r"(\d+) ([a-z ]+)", told[-1])} if told else {}


def run(program: str, url: str, seconds: float, **more: str) -> Outcome:
    more = {"DD_TRACE_DEBUG": "true", "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false"} | more
    env = {k: v for k, v in os.environ.items() if not k.startswith(("DD_", "OTEL_"))} | {"DD_TRACE_AGENT_URL": url} | more
    done = subprocess.Popen([program, "-c", PROGRAM, str(seconds)], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    os.waitid(os.P_PID, done.pid, os.WEXITED | os.WNOWAIT)
    ended = time.monotonic()
    out, errors = done.communicate()
    count, middle, slow, memory, last = out.decode().split()
    lines = [line for line in errors.decode().splitlines() if line and "ddpython:" not in line and "DATADOG TRACER" not in line]
    if done.returncode != 7 or lines:
        raise SystemExit(f"exit code {done.returncode}, {errors.decode()}")
    return Outcome(int(count), float(middle), float(slow), int(memory), (ended - float(last)) * 1e3,
                   balance_of(errors.decode()))


@dataclasses.dataclass
class Row:
    """What one agent did, against the same round's runs with tracing off and with a healthy agent."""

    runs: list[Outcome] = dataclasses.field(default_factory=list)
    p99: list[float] = dataclasses.field(default_factory=list)  # as a share of the healthy one's
    memory: list[float] = dataclasses.field(default_factory=list)  # MiB more than with tracing off
    late: list[float] = dataclasses.field(default_factory=list)  # ms

    def add(self, one: Outcome, off: Outcome, healthy: Outcome) -> None:
        self.runs.append(one)
        self.p99.append(one.slow / healthy.slow)
        self.memory.append((one.memory - off.memory) / 1024)
        self.late.append(one.end - off.end)

    def faults(self, noise: float) -> list[str]:
        wrong = {"p99": statistics.median(self.p99) > max(1.01, noise), "memory": statistics.median(self.memory) > 16,
                 "end": statistics.median(self.late) > 100, "balance": not all(one.exact() for one in self.runs)}
        return [what for what, is_so in wrong.items() if is_so]

    def __str__(self) -> str:
        total: dict[str, int] = {}
        for one in self.runs:
            for name, count in one.balance.items():
                total[name] = total.get(name, 0) + count
        middle = statistics.median(one.middle for one in self.runs)
        slow = statistics.median(one.slow for one in self.runs)
        return (f"{middle:8.1f}{slow:8.1f}{(statistics.median(self.p99) - 1) * 100:+8.1f}"
                f"{statistics.median(self.memory):+12.1f}{statistics.median(self.late):+8.0f}   "
                + ", ".join(f"{count} {what}" for what, count in total.items()))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("ddpython")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("only", nargs="*")
    arguments = parser.parse_args()
    chosen = {name: agent for name, agent in AGENTS.items() if name != "healthy"
              and (not arguments.only or any(word in name for word in arguments.only))}
    again = "healthy, once more"
    rows = {name: Row() for name in ("healthy", again, *chosen)}
    for _ in range(arguments.rounds):
        off = run(arguments.ddpython, "http://127.0.0.1:1", 0.3, DD_TRACE_ENABLED="false")
        with AGENTS["healthy"]() as url:
            healthy = run(arguments.ddpython, url, arguments.seconds)
            rows["healthy"].add(healthy, off, healthy)
            rows[again].add(run(arguments.ddpython, url, arguments.seconds), off, healthy)
        for name, agent in chosen.items():
            with agent() as url:
                rows[name].add(run(arguments.ddpython, url, arguments.seconds), off, healthy)
    # What one and the same agent shows of itself, in either direction.
    noise = 1 + 2 * statistics.median(abs(share - 1) for share in rows[again].p99)
    print(f"{'agent':28}{'p50 us':>8}{'p99 us':>8}{'p99 %':>8}{'memory MiB':>12}{'end ms':>8}   traces "
          f"({arguments.rounds} rounds; the machine's noise in p99: {(noise - 1) * 100:.1f} %)")
    failed = 0
    for name, row in rows.items():
        faults = row.faults(noise)
        failed += bool(faults)
        print(f"{name:28}{row}" + (f"   <-- {', '.join(faults)}" if faults else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
