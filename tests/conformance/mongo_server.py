"""Speaks the protocol of MongoDB on a port, and keeps documents in memory: mongo_server.py PORT

Knows what the cases ask for: filters by equality, `$set` and `$inc`, cursors, errors. Runs with the
`bson` of pymongo.
"""

from __future__ import annotations

import socketserver
import struct
import sys
from typing import Any

import bson

Document = dict[str, Any]
_collections: dict[str, list[Document]] = {}
_cursors: dict[int, list[Document]] = {}

_HELLO = {
    "helloOk": True,
    "ismaster": True,
    "isWritablePrimary": True,
    "maxBsonObjectSize": 16777216,
    "maxMessageSizeBytes": 48000000,
    "maxWriteBatchSize": 100000,
    "minWireVersion": 0,
    "maxWireVersion": 21,
    "readOnly": False,
}


class Refused(Exception):
    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def _matches(document: Document, wanted: Document) -> bool:
    return all(document.get(key) == value for key, value in wanted.items())


def _updated(document: Document, change: Document) -> None:
    document.update(change.get("$set", {}))
    for key, value in change.get("$inc", {}).items():
        document[key] = document.get(key, 0) + value
    if not any(key.startswith("$") for key in change):
        kept = document["_id"]
        document.clear()
        document.update({"_id": kept, **change})


def _insert(rows: list[Document], command: Document) -> Document:
    errors = []
    for index, document in enumerate(command["documents"]):
        if any(document["_id"] == row["_id"] for row in rows):
            errors.append({"index": index, "code": 11000, "errmsg": "E11000 duplicate key error"})
        else:
            rows.append(dict(document))
    done: Document = {"n": len(command["documents"]) - len(errors)}
    return {**done, "writeErrors": errors} if errors else done


def _update(rows: list[Document], command: Document) -> Document:
    count, upserted = 0, []
    for index, update in enumerate(command["updates"]):
        found = [row for row in rows if _matches(row, update["q"])]
        for row in found if update.get("multi") else found[:1]:
            _updated(row, update["u"])
            count += 1
        if not found and update.get("upsert"):
            rows.append({"_id": bson.ObjectId(), **update["q"]})
            _updated(rows[-1], update["u"])
            upserted.append({"index": index, "_id": rows[-1]["_id"]})
            count += 1
    done: Document = {"n": count, "nModified": count - len(upserted)}
    return {**done, "upserted": upserted} if upserted else done


def _delete(rows: list[Document], command: Document) -> Document:
    count = 0
    for delete in command["deletes"]:
        found = [row for row in rows if _matches(row, delete["q"])]
        for row in found[: delete["limit"] or None]:
            rows.remove(row)
            count += 1
    return {"n": count}


def _cursor(name: str, rows: list[Document], size: int) -> Document:
    number = 0
    if size and len(rows) > size:
        number = len(_cursors) + 1
        _cursors[number] = rows[size:]
        rows = rows[:size]
    return {"cursor": {"id": bson.Int64(number), "ns": name, "firstBatch": rows}}


def _answer(command: Document) -> Document:
    verb, value = next(iter(command.items()))
    database = command.get("$db", "admin")
    name = f"{database}.{value}"
    rows = _collections.setdefault(name, []) if isinstance(value, str) else []
    if verb.lower() in ("ismaster", "hello"):
        return dict(_HELLO)
    if verb in ("ping", "endSessions", "killCursors", "commitTransaction", "abortTransaction"):
        return {}
    if verb == "buildInfo":
        return {"version": "7.0.0", "versionArray": [7, 0, 0, 0]}
    if verb == "insert":
        return _insert(rows, command)
    if verb == "update":
        return _update(rows, command)
    if verb == "delete":
        return _delete(rows, command)
    if verb == "find":
        if "$bad" in command.get("filter", {}):
            raise Refused(2, "unknown top level operator: $bad")
        found = [row for row in rows if _matches(row, command.get("filter", {}))]
        found = found[: command.get("limit") or None]
        return _cursor(name, found, 1 if command.get("singleBatch") else command.get("batchSize", 0))
    if verb == "getMore":
        name = f"{database}.{command['collection']}"
        return {"cursor": {"id": bson.Int64(0), "ns": name, "nextBatch": _cursors.pop(value, [])}}
    if verb == "aggregate":
        if any("$group" in stage for stage in command["pipeline"]):
            return _cursor(name, [{"_id": 1, "n": len(rows)}] if rows else [], 0)
        return _cursor(name, rows, command["cursor"].get("batchSize", 0))
    if verb == "findAndModify":
        found = [row for row in rows if _matches(row, command["query"])]
        before = dict(found[0]) if found else None
        if found:
            _updated(found[0], command["update"])
        return {"value": before}
    if verb in ("count", "distinct"):
        found = [row for row in rows if _matches(row, command.get("query", {}))]
        values = {row[command["key"]] for row in found if command.get("key") in row}
        return {"n": len(found), "values": sorted(values)}
    if verb == "drop":
        return {"ns": name} if _collections.pop(name, None) is not None else {}
    if verb in ("createIndexes", "create"):
        return {"numIndexesBefore": 1, "numIndexesAfter": 2}
    if verb == "listCollections":
        names = [key.split(".", 1)[1] for key in _collections if key.startswith(f"{database}.")]
        return _cursor(f"{database}.$cmd", [{"name": each, "type": "collection"} for each in names], 0)
    if verb == "dropDatabase":
        for key in [key for key in _collections if key.startswith(f"{database}.")]:
            del _collections[key]
        return {}
    raise Refused(59, f"no such command: '{verb}'")


def _reply(command: Document) -> Document:
    try:
        return {**_answer(command), "ok": 1.0}
    except Refused as error:
        return {"ok": 0.0, "code": error.code, "errmsg": str(error)}


def _message(body: bytes) -> tuple[Document, bool]:
    """The command of an OP_MSG, and whether it wants an answer."""
    flags = struct.unpack_from("<I", body)[0]
    at, command = 4, {}
    while at < len(body) - (4 if flags & 1 else 0):
        kind, size = struct.unpack_from("<Bi", body, at)
        part = body[at + 1 : at + 1 + size]
        if kind == 0:
            command.update(bson.decode(part))
        else:
            name, documents = part[4:].split(b"\0", 1)
            command[name.decode()] = bson.decode_all(documents)
        at += 1 + size
    return command, not flags & 2


class Connection(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        while len(head := self.rfile.read(16)) == 16:
            size, number, _, kind = struct.unpack("<iiii", head)
            body = self.rfile.read(size - 16)
            if kind == 2004:  # OP_QUERY: the first words of a client that does not know who we are
                command = bson.decode(body[body.index(b"\0", 4) + 9 :])
                document = bson.encode(_reply(command))
                self._send(1, number, struct.pack("<iqii", 8, 0, 0, 1) + document)
            elif kind == 2013:
                command, wanted = _message(body)
                document = bson.encode(_reply(command))
                if wanted:
                    self._send(2013, number, struct.pack("<IB", 0, 0) + document)

    def _send(self, kind: int, to: int, body: bytes) -> None:
        self.wfile.write(struct.pack("<iiii", 16 + len(body), 0, to, kind) + body)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    Server(("127.0.0.1", int(sys.argv[1])), Connection).serve_forever()
