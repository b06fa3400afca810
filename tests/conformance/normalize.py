"""Takes out of captured traces and output what differs from run to run.

An id becomes the position of what it names: spans are `s1`, `s2`, ... and traces `t1`, ... in
the order of the chunks. Processes, ports, folders and times get placeholders in the same way.
Everything else stays.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

Chunk = list[dict[str, Any]]

# A number this small was written by a program, not drawn by a tracer.
SMALLEST_DRAWN_ID = 10**9

_ID = re.compile(r"(?<![0-9a-zA-Z])(?:[0-9a-f]{32}|[0-9a-f]{16}|[0-9]{10,20})(?![0-9a-zA-Z])")
_TID = re.compile(r"(?<![0-9a-f])[0-9a-f]{8}00000000(?![0-9a-f])")
_RANDOMNESS = re.compile(r"rv:[0-9a-f]{14}(?![0-9a-f])")
_REQUEST = re.compile(r"on request \(\w+\)")
_PORT = re.compile(r"(127\.0\.0\.1|localhost):[0-9]{4,5}")
_PORT_ARGUMENT = re.compile(r"port=[0-9]{4,5}")
_UUID = re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b")
_ADDRESS = re.compile(r"0x[0-9a-f]{6,}")
_FRAME = re.compile(r'^(\s*)File "(?P<file>[^"]*)", line (?P<line>\d+)(?P<rest>.*)$')
_MARKS = re.compile(r"^\s*[~^]+\s*$")
_PYTHON = re.compile(r"\bPython-urllib/3\.[0-9]+")


class Places:
    """The folders of a run, longest first, and the word that stands for each."""

    def __init__(self, folders: dict[str, str]) -> None:
        self._folders = sorted(folders.items(), key=lambda item: -len(item[0]))

    def __call__(self, text: str) -> str:
        for folder, word in self._folders:
            text = text.replace(folder, word)
        return text


def without_tracer_frames(text: str) -> str:
    """A traceback as plain python prints it: no frames of a tracer, no marks, no library lines.

    Line numbers stay for the files of this repository only. Of a statement on many lines only the
    first one stays: before 3.13 there is no other.
    """
    kept: list[str] = []
    skipping = False
    sources = -1  # of the frame
    for line in text.split("\n"):
        frame = _FRAME.match(line)
        if frame:
            sources = 0
            skipping = "/ddtrace/" in frame["file"] or "/wrapt/" in frame["file"]
            if not frame["file"].startswith("<repo>"):
                line = f'{frame[1]}File "{frame["file"]}"{frame["rest"]}'
        elif not line.startswith("    "):
            sources, skipping = -1, False
        elif sources >= 0:
            sources += 1
        if not skipping and not _MARKS.match(line) and sources < 2:
            kept.append(line)
    return "\n".join(kept)


class Names:
    """The names given to the ids of one run."""

    def __init__(self, chunks: list[Chunk]) -> None:
        self.spans: dict[int, str] = {}
        self.traces: dict[int, str] = {}
        self._text: dict[str, str] = {}
        self._counted: dict[str, dict[Any, str]] = {}
        for chunk in chunks:
            for span in chunk:
                span_id, trace_id = int(span["span_id"]), int(span["trace_id"])
                name = self.spans.setdefault(span_id, f"s{len(self.spans) + 1}")
                self._know(span_id, name, 16)
                trace = self.traces.setdefault(trace_id, f"t{len(self.traces) + 1}")
                self._know(trace_id, trace, 16)
                upper = (span.get("meta") or {}).get("_dd.p.tid")
                if upper:
                    self._know((int(upper, 16) << 64) | trace_id, f"{trace}.128", 32)

    def _know(self, number: int, name: str, digits: int) -> None:
        self._text[str(number)] = f"<{name}>"
        self._text[format(number, f"0{digits}x")] = f"<{name}:hex>"

    def count(self, kind: str, value: Any) -> str:
        """`<kind 1>` for the first value of this kind, `<kind 2>` for the next, ..."""
        known = self._counted.setdefault(kind, {})
        return known.setdefault(value, f"<{kind} {len(known) + 1}>")

    def parent(self, parent_id: int) -> str | int | None:
        if not parent_id:
            return None
        if parent_id in self.spans:
            return self.spans[parent_id]
        return parent_id if parent_id < SMALLEST_DRAWN_ID else "<unknown>"

    def in_text(self, text: str) -> str:
        text = _ID.sub(lambda found: self._text.get(found[0], found[0]), text)
        return _RANDOMNESS.sub("rv:<random>", _TID.sub("<tid>", text))


def plain_text(text: str, names: Names, places: Places) -> str:
    text = without_tracer_frames(places(names.in_text(text)))
    text = _PORT.sub(r"\1:<port>", text)
    text = _UUID.sub(lambda found: names.count("uuid", found[0]), text)
    text = _PORT_ARGUMENT.sub("port=<port>", text)
    text = _REQUEST.sub("on request (<request>)", text)
    text = _PYTHON.sub("Python-urllib/<python>", text)
    return _ADDRESS.sub("0x<address>", text)


def _structure(value: Any, names: Names, clean: Callable[[str], str]) -> Any:
    """Links and events: keys in order, no ids, no times."""
    if isinstance(value, list):
        return [_structure(each, names, clean) for each in value]
    if not isinstance(value, dict):
        return clean(value) if isinstance(value, str) else value
    found: dict[str, Any] = {}
    for key in sorted(value):
        item = value[key]
        if key == "time_unix_nano":
            item = "<time>"
        elif key == "span_id" and item in names.spans:
            item = names.spans[item]
        elif key == "trace_id" and item in names.traces:
            item = names.traces[item]
        elif key == "trace_id_high" and item:
            item = "<tid>"
        elif key == "ptr.hash" and len(item) == 57:  # side, trace, span and a number, without blanks
            item = f"{item[0]} {clean(item[1:33])} {clean(item[33:49])} {item[49:]}"
        found[key] = _structure(item, names, clean)
    return found


def _metric(key: str, value: Any, names: Names) -> Any:
    if key == "process_id":
        return names.count("pid", value)
    if key.endswith(".port") and value > 1024:
        return "<port>"
    return int(value) if float(value).is_integer() else value


def _span(span: dict[str, Any], names: Names, clean: Callable[[str], str]) -> dict[str, Any]:
    meta: dict[str, str] = {}
    for key, value in sorted((span.get("meta") or {}).items()):
        if key.startswith("aws.response.body.") and key.endswith((".date", "-requestid", ".RequestId", "-modified", "crc32", "content-length")):
            meta[key] = "<answer>"
        elif key in ("aws.requestid", "aws.requestid2"):
            meta[key] = "<request>"
        elif key == "runtime-id":
            meta[key] = names.count("runtime", value)
        elif key.endswith(".port"):
            meta[key] = "<port>"
        elif key == "kafka.cluster_id":  # made up by each broker
            meta[key] = "<cluster>"
        elif key == "celery.hostname":  # the machine's name, or the worker's with it
            meta[key] = "<host>"
        elif key in ("events", "_dd.span_links"):
            structure = _structure(json.loads(value), names, clean)
            meta[key] = json.dumps(structure, ensure_ascii=False)
        else:
            meta[key] = clean(value)
    metrics = span.get("metrics") or {}
    described: dict[str, Any] = {
        "span": names.spans[int(span["span_id"])],
        "parent": names.parent(int(span.get("parent_id") or 0)),
        "trace": names.traces[int(span["trace_id"])],
        "name": span["name"],
        "service": clean(span.get("service") or "") or None,
        "resource": clean(span["resource"]),
        "type": span.get("type") or None,
        "error": span.get("error") or 0,
        "meta": meta,
        "metrics": {key: _metric(key, metrics[key], names) for key in sorted(metrics)},
    }
    for key in sorted(set(span) - set(described) - {"span_id", "parent_id", "trace_id"}):
        if key not in ("start", "duration"):
            described[key] = _structure(span[key], names, clean)
    if int(span["start"]) <= 0 or int(span["duration"]) < 0:
        described["time"] = "impossible"
    return described


def normalize(
    chunks: list[Chunk], output: dict[str, str], folders: dict[str, str]
) -> dict[str, Any]:
    """The chunks, by the start of their first span, and the texts, line by line."""
    chunks = sorted(chunks, key=lambda chunk: int(chunk[0]["start"]))
    names, places = Names(chunks), Places(folders)

    def clean(text: str) -> str:
        return plain_text(text, names, places)

    described = [[_span(span, names, clean) for span in chunk] for chunk in chunks]
    texts = {key: clean(text).splitlines() for key, text in output.items()}
    return {**texts, "chunks": described}
