"""Servers that cases talk to: started when first asked for, empty for each case, stopped at exit."""

from __future__ import annotations

import atexit
import glob
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from agent import free_ports, home, wait_for_port

_started: dict[str, int] = {}


HERE = Path(__file__).resolve().parent


def _serve(words: Sequence[str], port: int, seconds: float = 20, **options: Any) -> None:
    process = subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options
    )
    atexit.register(process.wait)
    atexit.register(process.terminate)
    wait_for_port(port, process, seconds)


def _with_libraries(script: str, *arguments: str) -> list[str]:
    return [str(home() / "data-3.11/bin/python"), str(HERE / script), *arguments]


def _start_aws(folder: Path, port: int) -> None:
    moto = str(home() / "cloud-3.11/bin/moto_server")
    _serve([moto, "-H", "127.0.0.1", "-p", str(port)], port, 60, cwd=folder)


def _empty_aws(port: int) -> None:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/moto-api/reset", method="POST")
    urllib.request.urlopen(request, timeout=20).close()


def _start_redis(folder: Path, port: int) -> None:
    _serve(
        ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)],
        port,
    )


def _talk(port: int, *lines: str) -> None:
    """Each line is answered with OK."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        for line in lines:
            connection.sendall(f"{line}\r\n".encode())
            assert b"OK" in connection.recv(200)


def _empty_redis(port: int) -> None:
    _talk(port, "FLUSHALL")


def _start_redis_cluster(folder: Path, port: int) -> None:
    """One node that has all the slots."""
    words = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir"]
    cluster = ["--cluster-enabled", "yes", "--cluster-port", str(free_ports(1)[0])]
    _serve([*words, str(folder), *cluster], port)
    _talk(port, "CLUSTER ADDSLOTSRANGE 0 16383")
    for _ in range(200):
        try:
            return _talk(port, "SET ready 1")
        except AssertionError:  # CLUSTERDOWN, for a moment
            time.sleep(0.05)
    raise TimeoutError("the cluster does not become one")


def _start_memcached(folder: Path, port: int) -> None:
    _serve(["memcached", f"--port={port}", "--listen=127.0.0.1", "--user=nobody"], port, cwd=folder)


def _start_mongodb(folder: Path, port: int) -> None:
    _serve(_with_libraries("mongo_server.py", str(port)), port, cwd=folder)


def _start_kafka(folder: Path, port: int) -> int:
    process = subprocess.Popen(
        _with_libraries("kafka_broker.py"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, cwd=folder, text=True,
    )  # fmt: skip
    atexit.register(process.wait)
    atexit.register(process.terminate)
    assert process.stdout
    return int(process.stdout.readline().rsplit(":", 1)[1])


def _start_rabbitmq(folder: Path, port: int) -> None:
    environment = {
        "HOME": str(folder),
        "RABBITMQ_NODENAME": f"case{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(free_ports(1)[0]),
        "RABBITMQ_MNESIA_BASE": str(folder),
        "RABBITMQ_LOG_BASE": str(folder),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_SERVER_START_ARGS": "-setcookie case",
    }
    server = next(iter(glob.glob("/usr/lib/rabbitmq/lib/*/sbin/rabbitmq-server")), "rabbitmq-server")
    _serve([server], port, 90, cwd=folder, env={**os.environ, **environment})


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


# How it is started, on the port unless it names another, and how it is emptied for a case: None
# starts another one.
_Start = Callable[[Path, int], int | None]
_SERVICES: dict[str, tuple[_Start, Callable[[int], None] | None]] = {
    "aws": (_start_aws, _empty_aws),
    "redis": (_start_redis, _empty_redis),
    "redis_cluster": (_start_redis_cluster, _empty_redis),
    "memcached": (_start_memcached, lambda port: _talk(port, "flush_all")),
    "rabbitmq": (_start_rabbitmq, lambda port: None),
    "mongodb": (_start_mongodb, None),
    "kafka": (_start_kafka, None),
    "mariadb": (_start_mariadb, _empty_mariadb),
    "postgres": (_start_postgres, _empty_postgres),
}


def running(name: str) -> dict[str, str]:
    """Where the service is: `<NAME>_PORT` for the case's environment."""
    start, empty = _SERVICES[name]
    if name not in _started or not empty:
        folder = tempfile.TemporaryDirectory(prefix=f"{name}-")
        atexit.register(folder.cleanup)  # after the server has ended: last in, first out
        port = free_ports(1)[0]
        _started[name] = start(Path(folder.name), port) or port
    if empty:
        empty(_started[name])
    return {f"{name.upper()}_PORT": str(_started[name])}
