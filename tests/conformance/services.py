"""Servers that cases talk to: started when first asked for, empty for each case, stopped at exit."""

from __future__ import annotations

import atexit
import glob
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from agent import free_ports, wait_for_port

_started: dict[str, int] = {}


def _serve(words: Sequence[str], port: int, **options: Any) -> None:
    process = subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options
    )
    atexit.register(process.wait)
    atexit.register(process.terminate)
    wait_for_port(port, process)


def _start_redis(folder: Path, port: int) -> None:
    _serve(
        ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)],
        port,
    )


def _empty_redis(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"FLUSHALL\r\n")
        assert connection.recv(16).startswith(b"+OK")


def _postgres(name: str) -> str:
    found = shutil.which(name) or next(iter(glob.glob(f"/usr/lib/postgresql/*/bin/{name}")), None)
    if not found:
        raise FileNotFoundError(name)
    return found


def _start_postgres(folder: Path, port: int) -> None:
    # It refuses to run as root.
    options: dict[str, Any] = {}
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
        options = {"user": "postgres", "group": "postgres", "extra_groups": []}
    data = str(folder / "data")
    subprocess.run(
        [_postgres("initdb"), "-D", data, "-U", "case", "-A", "trust", "-E", "UTF8", "--no-sync"]
        + ["--locale=C"],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=folder,
        **options,
    )
    settings = [f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"]
    words = [word for setting in settings for word in ("-c", setting)]
    _serve([_postgres("postgres"), "-D", data, *words], port, cwd=folder, **options)


def _empty_postgres(port: int) -> None:
    words = ["-h", "127.0.0.1", "-p", str(port), "-U", "case", "-q", "-v", "ON_ERROR_STOP=1"]
    script = "DROP DATABASE IF EXISTS cases; CREATE DATABASE cases;"
    subprocess.run(
        [_postgres("psql"), *words, "postgres"], input=script, text=True, check=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _start_mariadb(folder: Path, port: int) -> None:
    data = str(folder / "data")
    options = ["--no-defaults", f"--datadir={data}"]
    if os.geteuid() == 0:
        shutil.chown(folder, "mysql", "mysql")
        options.append("--user=mysql")
    subprocess.run(
        ["mariadb-install-db", *options, "--auth-root-authentication-method=normal"]
        + ["--skip-test-db"],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    sizes = ["--innodb-buffer-pool-size=16M", "--innodb-flush-log-at-trx-commit=0"]
    _serve(
        ["mariadbd", *options, *sizes, f"--port={port}", "--bind-address=127.0.0.1"]
        + [f"--socket={folder}/socket", f"--pid-file={folder}/pid"],
        port,
    )


def _empty_mariadb(port: int) -> None:
    subprocess.run(
        ["mariadb", "--no-defaults", "-h", "127.0.0.1", "-P", str(port), "-u", "root"],
        input="DROP DATABASE IF EXISTS cases; CREATE DATABASE cases;", text=True, check=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


_SERVICES: dict[str, tuple[Callable[[Path, int], None], Callable[[int], None]]] = {
    "redis": (_start_redis, _empty_redis),
    "mariadb": (_start_mariadb, _empty_mariadb),
    "postgres": (_start_postgres, _empty_postgres),
}


def running(name: str) -> dict[str, str]:
    """Where the service is: `<NAME>_PORT` for the case's environment."""
    start, empty = _SERVICES[name]
    if name not in _started:
        folder = tempfile.TemporaryDirectory(prefix=f"{name}-")
        atexit.register(folder.cleanup)  # after the server has ended: last in, first out
        _started[name] = free_ports(1)[0]
        start(Path(folder.name), _started[name])
    empty(_started[name])
    return {f"{name.upper()}_PORT": str(_started[name])}
