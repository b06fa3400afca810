"""Agents that do their worst, and what the application feels of it.

    hostile.py DDPYTHON [--seconds N] [only ...]

For each temper, against the same program with tracing off: the share of slow operations, memory,
how much later the process ends, its output and exit code, and what became of each trace. Prints a
table; exits with 1 when an end is over 100 ms late, memory over 16 MiB, output differs, or a trace is
neither sent nor dropped for a reason (the balance that DD_TRACE_DEBUG shows at the end). The p99 is
printed, not judged: machines are noisy. Not part of CI.
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
    begin = time.perf_counter()
    with tracer.trace("request", service="shop") as span:
        span.set_tag("payload", "x" * 200)
        for _ in range(3):
            with tracer.trace("step"): sum(range(300))
    took.append(time.perf_counter() - begin)
    time.sleep(0.0005)
took.sort()
peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
sys.stdout.write("%d %.1f %.1f %d %r\\n" % (len(took), took[len(took) // 2] * 1e6, took[len(took) * 99 // 100] * 1e6,
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


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("ddpython")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("only", nargs="*")
    arguments = parser.parse_args()
    off = [run(arguments.ddpython, "http://127.0.0.1:1", 1, DD_TRACE_ENABLED="false") for _ in range(3)]
    memory, ends = max(one.memory for one in off), statistics.median(one.end for one in off)
    print(f"{'agent':28}{'p50 us':>8}{'p99 us':>8}{'memory MiB':>12}{'end ms':>8}   traces (tracing off: "
          f"{memory / 1024:.1f} MiB, {ends:.0f} ms)")
    failed = 0
    for name, agent in AGENTS.items():
        if arguments.only and not any(word in name for word in arguments.only):
            continue
        with agent() as url:
            one = run(arguments.ddpython, url, arguments.seconds)
        bad = one.memory - memory > 16 * 1024 or one.end - ends > 100 or not one.exact()
        failed += bad
        print(f"{name:28}{one.middle:8.1f}{one.slow:8.1f}{(one.memory - memory) / 1024:+12.1f}{one.end - ends:+8.0f}   "
              + ", ".join(f"{count} {what}" for what, count in one.balance.items()) + ("   <--" if bad else ""), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
