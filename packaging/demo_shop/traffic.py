"""Sends the same requests to the shop every time, one after the other.

    python traffic.py [URL]
    python traffic.py --launcher "ddpython --dd-local"

Prints one line for each request: method, path, status. With a launcher, both services run under
it on free ports while the requests are sent.
"""

import argparse
import contextlib
import json
import os
import shlex
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

REQUESTS: list[tuple[str, str, object]] = [
    ("GET", "/", None),
    ("GET", "/items", None),
    ("GET", "/items/1", None),
    ("GET", "/items/99", None),
    ("POST", "/checkout", {"item": 1, "quantity": 2}),
    ("POST", "/checkout", {"item": 4, "quantity": 1}),
    ("GET", "/search?q=cup", None),
    ("GET", "/slow", None),
    ("GET", "/broken", None),
    ("GET", "/nowhere", None),
]


def send(url: str, method: str, body: object) -> int:
    """The status of the answer."""
    message = urllib.request.Request(url, method=method)
    if body is not None:
        message.data = json.dumps(body).encode()
        message.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(message, timeout=10) as answer:
            answer.read()
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_for(process: "subprocess.Popen[bytes]", port: int) -> None:
    for _ in range(400):
        if process.poll() is not None:
            raise SystemExit(f"{process.args!r} ended with status {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise SystemExit(f"{process.args!r} does not answer on port {port}")


@contextlib.contextmanager
def service(command: list[str], port: int, settings: dict[str, str]) -> Iterator[None]:
    """Runs the service while the block lasts."""
    folder = Path(__file__).resolve().parent
    process = subprocess.Popen(command, cwd=folder, env={**os.environ, **settings})
    try:
        wait_for(process, port)
        yield
    finally:
        process.terminate()
        process.wait()


def send_all(base: str, rounds: int) -> None:
    for _ in range(rounds):
        for method, path, body in REQUESTS:
            print(method, path, send(base + path, method, body), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Sends a fixed sequence of requests to the shop.")
    parser.add_argument("url", nargs="?", default="http://127.0.0.1:8001")
    parser.add_argument("--launcher", help="starts both services with this command first")
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    if not options.launcher:
        send_all(options.url, options.rounds)
        return
    words = shlex.split(options.launcher)
    words[0] = os.path.abspath(words[0]) if "/" in words[0] else words[0]
    shop, stock = free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as running:
        settings = {"SHOP_PORT": str(shop), "SHOP_DB": os.path.join(folder, "shop.db")}
        settings |= {"STOCK_PORT": str(stock), "STOCK_URL": f"http://127.0.0.1:{stock}"}
        running.enter_context(service([*words, "stock.py"], stock, settings))
        running.enter_context(service([*words, "shop.py"], shop, settings))
        send_all(f"http://127.0.0.1:{shop}", options.rounds)


if __name__ == "__main__":
    main()
