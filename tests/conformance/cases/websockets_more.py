"""Websockets: what is received and sent, and the ways they end."""

import asyncio

from asgi_client import run
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocketDisconnect


async def chat(socket):
    await socket.accept()
    print("first", await socket.receive_text())
    await socket.send_text("hé")
    await socket.send_bytes(b"abcd")
    await socket.send_json({"a": 1})
    print("second", await socket.receive_bytes())
    try:
        print("third", await socket.receive_text())
    except WebSocketDisconnect as error:
        print("disconnected", error.code)


async def greets(socket):
    await socket.accept()
    await socket.send_text("hello")
    await socket.close(code=1001, reason="bye")


async def fails(socket):
    await socket.accept()
    await socket.receive_text()
    raise ValueError("in a socket")


async def fails_at_once(socket):
    raise KeyError("before it accepts")


async def refuses(socket):
    await socket.close(code=4000, reason="no thanks")


routes = [
    WebSocketRoute("/ws/{room}", chat),
    WebSocketRoute("/greets", greets),
    WebSocketRoute("/fails", fails),
    WebSocketRoute("/fails_at_once", fails_at_once),
    WebSocketRoute("/refuses", refuses),
]
app = Starlette(routes=routes)


def text(value):
    return {"type": "websocket.receive", "text": value}


async def connect(path, *inbox, headers=(), query=b""):
    scope = {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "root_path": "",
        "headers": [(b"host", b"asgi.test"), (b"user-agent", b"case/1"), *headers],
        "client": ("10.0.0.9", 5000),
        "server": ("asgi.test", 80),
        "subprotocols": [],
    }
    waiting = [{"type": "websocket.connect"}, *inbox]

    async def receive():
        await asyncio.sleep(0)
        if not waiting:
            raise ConnectionResetError("nothing more to receive")
        return waiting.pop(0)

    async def send(message):
        print("sent", message)

    try:
        await app(scope, receive, send)
    except Exception as error:
        print("raised", repr(error))


if __name__ == "__main__":
    parent = (b"x-datadog-trace-id", b"1234"), (b"x-datadog-parent-id", b"5678")
    more = (b"x-datadog-sampling-priority", b"2"), (b"x-datadog-origin", b"synthetics")
    steps = [
        connect(
            "/ws/one",
            text("a"),
            {"type": "websocket.receive", "bytes": b"xyz"},
            {"type": "websocket.disconnect", "code": 1001, "reason": "gone"},
            query=b"token=1&password=hidden",
        ),
        connect("/ws/two", text("hé"), headers=[*parent, *more]),
        connect("/greets"),
        connect("/fails", text("b")),
        connect("/fails_at_once"),
        connect("/refuses"),
        connect("/nowhere"),
        connect("/ws/three", {"type": "websocket.disconnect", "code": 1000}),
    ]
    run(*steps)
