"""Runs the cases under a launcher and writes down the traces and the output.

    capture.py [--launcher "COMMAND"] [--python PYTHON] [--raw] [CASE...]

The launcher is what stands in the place of `python`; the python is the one of the environment
whose libraries are used. Both come from DD_LAUNCHER and DD_LAUNCHER_PYTHON otherwise.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent import Agent, free_ports, home, wait_for_port
from services import running
from table import CASES, Case, Server
from normalize import normalize

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
EXPECTED = HERE / "expected"

QUIET = {
    "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
    "DD_REMOTE_CONFIGURATION_ENABLED": "false",
    "DD_TRACE_API_VERSION": "v0.4",
    "DD_TRACE_AGENT_TIMEOUT_SECONDS": "30",
    "DD_CODE_ORIGIN_FOR_SPANS_ENABLED": "false",
}


@dataclass(frozen=True)
class Launcher:
    """A command that starts programs as `python` does, and the environment it uses."""

    command: list[str]
    python: Path

    @classmethod
    def named(cls, command: str, python: str) -> Launcher:
        """Without a python, the one of an environment that the command names last, else `app-3.11`."""
        words = [os.path.abspath(word) if "/" in word else word for word in shlex.split(command)]
        last = Path(words[-1])
        of_environment = (last.parent.parent / "pyvenv.cfg").exists()
        chosen = python or (last if of_environment else home() / "app-3.11/bin/python")
        return cls(words, Path(chosen).absolute())

    @classmethod
    def reference(cls, version: str = "3.11") -> Launcher:
        folder = home() / f"ref-{version}/bin"
        return cls([str(folder / "ddtrace-run"), str(folder / "python")], folder / "python")

    @classmethod
    def plain(cls, version: str = "3.11") -> Launcher:
        python = home() / f"app-{version}/bin/python"
        return cls([str(python)], python)

    def using(self, libraries: str) -> Launcher:
        """The same with another of the environments, in the place of `app`."""
        if libraries == "app":
            return self
        folder, name = self.python.parents[2], self.python.parents[1].name
        other = name.replace("app", libraries) if "app" in name else name.replace("ref", f"ref-{libraries}")
        python = folder / other / "bin/python"
        command = [word.replace(f"/{name}/bin/", f"/{other}/bin/") for word in self.command]
        return Launcher(command, python)

    def environment(self) -> dict[str, str]:
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("DD_", "OTEL_", "_DD_")) and key not in ("COLUMNS", "LC_ALL")
        }
        bin_folder = self.python.parent
        kept["VIRTUAL_ENV"] = str(bin_folder.parent)
        kept["PATH"] = f"{bin_folder}:{kept.get('PATH', '')}"
        kept.update(PYTHONDONTWRITEBYTECODE="1", LC_ALL="C.UTF-8")
        return kept

    def folders(self) -> dict[str, str]:
        """What to write instead of the folders of this environment."""
        code = (
            "import json, sys, sysconfig as s; "
            "print(json.dumps([s.get_path('purelib'), s.get_path('stdlib'), sys.prefix]))"
        )
        text = subprocess.check_output([self.python, "-c", code], text=True)
        site, library, prefix = json.loads(text)
        beside = home() / "more-3.11/lib/python3.11/site-packages"
        return {str(REPOSITORY): "<repo>", str(beside): "<site>", site: "<site>", library: "<stdlib>", prefix: "<env>"}


def _run(command: list[str], environment: dict[str, str], folder: Path) -> tuple[str, str, int]:
    done = subprocess.run(
        command,
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.stdout, done.stderr, done.returncode


def _start(
    server: Server, launcher: Launcher, environment: dict[str, str], log: Path
) -> subprocess.Popen[bytes]:
    words = [word.format_map(environment) for word in server.arguments]
    with log.open("wb") as file:
        process = subprocess.Popen(
            [*launcher.command, *words],
            env={**environment, **server.environment},
            cwd=REPOSITORY / server.folder,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
    try:
        wait_for_port(int(environment[server.port]), process)
    except BaseException:
        process.kill()
        print(log.read_text(), file=sys.stderr)
        raise
    return process


def _stop(process: subprocess.Popen[bytes]) -> int:
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        raise


def capture(case: Case, launcher: Launcher, agent: Agent, raw: bool = False) -> dict[str, Any]:
    """One case, normalized unless raw: exit statuses, output and chunks."""
    launcher = launcher.using(case.libraries)
    reached = {key: value for name in case.services for key, value in running(name).items()}
    agent.clear()
    with tempfile.TemporaryDirectory(prefix="case-") as scratch:
        environment = {**launcher.environment(), **QUIET, "DD_TRACE_AGENT_URL": agent.url}
        environment["SCRATCH"] = scratch
        environment.update(reached)
        environment.update({key: str(port) for key, port in zip(case.ports, free_ports(9))})
        for key, value in case.environment.items():
            environment[key] = value.format_map(environment)
        environment = {key: value for key, value in environment.items() if value != ""}

        servers: list[subprocess.Popen[bytes]] = []
        exits: dict[str, int] = {}
        try:
            for number, server in enumerate(case.servers):
                log = Path(scratch) / f"server-{number}.log"
                servers.append(_start(server, launcher, environment, log))
            words = [word.format_map(environment) for word in case.arguments]
            command = [str(launcher.python)] if case.servers else launcher.command
            stdout, stderr, exits["main"] = _run(
                [*command, *words], environment, REPOSITORY / case.folder
            )
        finally:
            for number, process in reversed(list(enumerate(servers))):
                exits[f"server {number}"] = _stop(process)
        chunks = agent.chunks()
        folders = {**launcher.folders(), scratch: "<scratch>"}
    if raw:
        return {"exit": exits, "stdout": stdout, "stderr": stderr, "chunks": chunks}
    described = normalize(chunks, {"stdout": stdout, "stderr": stderr}, folders)
    failures = agent.failures()
    return {
        "exit": exits,
        **({"agent": failures.splitlines()} if failures else {}),
        **described,
    }


def text_of(result: dict[str, Any]) -> str:
    """JSON with one line for each line of output and three for each span."""

    def flat(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False)

    def span(described: dict[str, Any]) -> str:
        rest = {key: value for key, value in described.items() if key not in ("meta", "metrics")}
        meta, metrics = flat(described["meta"]), flat(described["metrics"])
        return f'{flat(rest)[:-1]},\n "meta": {meta},\n "metrics": {metrics}}}'

    def rows(values: list[str]) -> str:
        return "[\n" + ",\n".join(values) + "\n]" if values else "[]"

    parts = []
    for key, value in result.items():
        if key == "chunks":
            text = rows([rows([span(each) for each in chunk]) for chunk in value])
        else:
            text = rows([flat(line) for line in value]) if isinstance(value, list) else flat(value)
        parts.append(f"{flat(key)}: {text}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--launcher", default=os.environ.get("DD_LAUNCHER", ""))
    parser.add_argument("--python", default=os.environ.get("DD_LAUNCHER_PYTHON", ""))
    parser.add_argument("--raw", action="store_true", help="as the agent returns it")
    parser.add_argument("case", nargs="*")
    options = parser.parse_args()
    if options.launcher:
        launcher = Launcher.named(options.launcher, options.python)
    else:
        launcher = Launcher.reference()
    with Agent() as agent:
        for name in options.case or CASES:
            result = capture(CASES[name], launcher, agent, options.raw)
            print(json.dumps(result, indent=1) if options.raw else text_of(result), flush=True)


if __name__ == "__main__":
    main()
