"""Starlette: messages of websockets."""

from asgi_client import run, websocket
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute


async def echo(socket):
    await socket.accept()
    for _ in range(2):
        text = await socket.receive_text()
        await socket.send_text("echo " + text)
    await socket.close()


app = Starlette(routes=[WebSocketRoute("/ws/{room}", echo)])

if __name__ == "__main__":
    run(websocket(app, "/ws/one", ["a", "bc"]))
