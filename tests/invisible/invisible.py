"""Runs the test suites of libraries under python and under ddpython, and tells what differs.

    run PROGRAM [SUITE[:FILE,FILE...]...]

PROGRAM is a ddpython; with files or patterns of files (of Django: its folders of tests), those of the suite alone are
run; this script needs an environment of `tests/env/setup`, whose servers it starts.
Each library comes from its source distribution, with its tests, into an
environment of its own under $DD_TEST_HOME. Everything is traced; the agent is a socket of this
script that takes what comes. A test whose outcome differs counts when it differs in a second run too. What then
agrees when no trace headers are sent is a test that looks at the headers of a request, all of them; what differs
also from a second run of plain python is ours.
"""

from __future__ import annotations

import contextlib
import http.server
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import xml.etree.ElementTree as xml
from dataclasses import replace
from pathlib import Path

from suites import SUITES, Suite

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "conformance"))
import services

HOME = Path(os.environ.get("DD_TEST_HOME", Path.home() / ".cache/ddpython")) / "invisible"
_LINE = re.compile(r"^(\w+ \([\w.]+\)(?: \[.*\])?)(?:\n.*)? \.\.\. (?:.*\s)?(ok|FAIL|ERROR|skipped|expected failure)", re.M)


class Agent(http.server.BaseHTTPRequestHandler):
    received = 0

    def do_POST(self) -> None:
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline() or b"0", 16):
                Agent.received += len(self.rfile.read(size + 2))
        Agent.received += len(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_PUT = do_GET = do_POST

    def log_message(self, format: str, *args: object) -> None:
        pass


def environment_of(name: str, suite: Suite) -> Path:
    """A virtual environment with the library and its tests; made when its description changes."""
    folder = HOME / name
    wanted = f"{suite.library} {list(suite.needs)} {suite.pytest}"
    made = folder / "made-from"
    if made.exists() and made.read_text() == wanted:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(["/usr/bin/python3.11", "-m", "venv", folder], check=True)
    pip = [folder / "bin/python", "-m", "pip", "-q", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "download", "--no-deps", f"--no-binary={suite.library.partition(chr(61))[0]}"]
        + ["-d", folder, suite.library],
        check=False,
        stderr=subprocess.DEVNULL,
    )
    sources = list(folder.glob("*.tar.gz"))
    if not sources:
        raise SystemExit(f"{name}: no source distribution")
    with tarfile.open(sources[0]) as archive:
        # 3.11.2 knows no filters.
        archive.extractall(folder / "source", **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    subprocess.run(
        [*pip, "install", "--prefer-binary", suite.library, suite.pytest, *suite.needs], check=True
    )
    made.write_text(wanted)
    return folder


def source_of(folder: Path) -> Path:
    return next(path for path in (folder / "source").iterdir() if path.is_dir())


def run(
    launcher: list[str], folder: Path, suite: Suite, agent: str, **more: str
) -> tuple[dict[str, str], str]:
    """The outcome of each test, and the last line of the output."""
    source = source_of(folder)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("DD_", "PYTHON"))}
    environment.update(
        VIRTUAL_ENV=str(folder),
        PATH=f"{folder}/bin:{environment['PATH']}",
        PYTHONDONTWRITEBYTECODE="1",
        DD_TRACE_AGENT_URL=agent,
        DD_TRACE_URLLIB3_ENABLED="true",
        DD_TRACE_HTTPLIB_ENABLED="true",
        DD_TRACE_SQLALCHEMY_ENABLED="true",
        DD_TRACE_HEADER_TAGS="Accept,Content-Type",
        DD_TRACE_CLIENT_IP_ENABLED="true",
        DD_DJANGO_INSTRUMENT_TEMPLATES="true",
        DD_DJANGO_INSTRUMENT_CACHES="true",
        DD_DJANGO_INSTRUMENT_DATABASES="true",
    )
    places = {k: v for name in suite.services for k, v in services.running(name).items()}
    environment.update({key: value.format(**places) for key, value in suite.environment})
    environment.update(more)
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.xml"
        if suite.script:
            words = list(suite.script)
        else:
            words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short", "--continue-on-collection-errors"]
            words += [f"--junitxml={report}"]
            words += [word.format(**places) for word in suite.arguments]
        process = subprocess.Popen(
            [*launcher, *words],
            cwd=source,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # what the tests start ends with them
        )
        try:
            output = process.communicate(timeout=suite.seconds)[0]
        except subprocess.TimeoutExpired:
            return {}, f"not done after {suite.seconds} s"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        (folder / f"output-{Path(launcher[0]).name}").write_text(output)
        found: dict[str, str] = {}
        if suite.script:
            found = {match[1]: match[2] for match in _LINE.finditer(output)}
        elif report.exists():
            for case in xml.parse(report).getroot().iter("testcase"):
                kinds = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
                key = f"{case.get('classname')}::{case.get('name')}"
                found[key] = kinds[-1] if kinds else "passed"
        last = [line for line in output.splitlines() if line.strip()] or ["(no output)"]
        return found, last[-1]


def differences(left: dict[str, str], right: dict[str, str]) -> dict[str, tuple[str, str]]:
    return {
        name: (left.get(name, "missing"), right.get(name, "missing"))
        for name in {**left, **right}
        if left.get(name) != right.get(name)
    }


def both(left: dict[str, tuple[str, str]], right: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    return {test: pair for test, pair in left.items() if test in right}


def piece(suite: Suite, source: Path, words: list[str]) -> Suite:
    """Of its tests those in `words`: files and patterns of files, or names that its script knows."""
    if suite.script:
        head = [word for word in suite.script if word.startswith("-") or word.endswith(".py")]
        return replace(suite, script=(*head, *words))
    options = [word for word in suite.arguments if not re.match(r"(test|tests|t)(/|$)", word)]
    files: list[str] = []
    for word in words:
        files += sorted(str(path.relative_to(source)) for path in source.glob(word)) if "*" in word else [word]
    return replace(suite, arguments=(*files, *options))



def counted(outcomes: dict[str, str]) -> str:
    kinds = sorted(set(outcomes.values()))
    return ", ".join(f"{list(outcomes.values()).count(kind)} {kind}" for kind in kinds) or "nothing"


def compare(name: str, program: str, agent: str) -> list[str]:
    """Prints the row of the table; what differs each time."""
    name, _, files = name.partition(":")
    suite = SUITES[name]
    folder = environment_of(name, suite)
    if files:
        suite = piece(suite, source_of(folder), files.split(","))
    plain = [str(folder / "bin/python")]
    traced = [program]
    times = []
    results = []
    for launcher in (plain, traced):
        started = time.monotonic()
        results.append(run(launcher, folder, suite, agent))
        times.append(time.monotonic() - started)
    under_plain = results[0][0]
    again = differences(under_plain, results[1][0])
    headers: dict[str, tuple[str, str]] = {}
    if again:
        again = both(again, differences(under_plain, run(traced, folder, suite, agent)[0]))
    if again:
        quiet = run(traced, folder, suite, agent, DD_TRACE_PROPAGATION_STYLE_INJECT="none")[0]
        still = both(again, differences(under_plain, quiet))
        headers = {test: pair for test, pair in again.items() if test not in still}
        again = still
    if again:
        again = both(again, differences(run(plain, folder, suite, agent)[0], results[1][0]))
    print(
        f"| {suite.library}{f' ({files})' if files else ''} | {counted(results[0][0])} | {counted(results[1][0])} "
        f"| {len(headers)} | {len(again)} | {times[0]:.0f} s, {times[1]:.0f} s |",
        flush=True,
    )
    for result, who in zip(results, ("python", "ddpython")):
        print(f"    {who}: {result[1]}", file=sys.stderr)
    return [f"{name}: {test}: {left} under python, {right} under ddpython" for test, (left, right) in again.items()]


def main() -> int:
    program, *names = sys.argv[1:]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Agent)
    server.handle_error = lambda *gone: None  # type: ignore[method-assign]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    agent = f"http://127.0.0.1:{server.server_address[1]}"
    HOME.mkdir(parents=True, exist_ok=True)
    print("| library | python | ddpython | see the headers | different | time |\n"
        "| --- | --- | --- | --- | --- | --- |")
    lines = [line for name in names or SUITES for line in compare(name, str(Path(program).absolute()), agent)]
    print("\n".join(["", *lines]), flush=True)
    print(f"{Agent.received} bytes of traces were received.", file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
