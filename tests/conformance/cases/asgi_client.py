"""A client that calls an ASGI application by hand."""

import asyncio


async def request(application, url, method="GET", headers=(), body=b"", stays=False, **more):
    """The client is gone when its body has been read, unless it `stays` until it is answered."""
    at, _, query = url.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": at,
        "raw_path": at.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", b"asgi.test"), (b"user-agent", b"case/1"), *headers],
        "client": ("127.0.0.1", 5000),
        "server": ("asgi.test", 80),
        **more,
    }
    inbox = [{"type": "http.request", "body": body, "more_body": False}]
    sent = []

    answered = asyncio.Event()

    async def receive():
        if stays and not inbox:
            await answered.wait()
        return inbox.pop(0) if inbox else {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            answered.set()

    try:
        await application(scope, receive, send)
    except Exception as error:
        print(method, url, repr(error))
        return
    status = [message["status"] for message in sent if message["type"] == "http.response.start"]
    text = b"".join(message.get("body", b"") for message in sent)
    print(method, url, status, text[:40])


async def websocket(application, url, messages):
    scope = {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": url,
        "raw_path": url.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"asgi.test"), (b"user-agent", b"case/1")],
        "client": ("127.0.0.1", 5000),
        "server": ("asgi.test", 80),
        "subprotocols": [],
    }
    inbox = [{"type": "websocket.connect"}]
    inbox += [{"type": "websocket.receive", "text": text} for text in messages]
    inbox += [{"type": "websocket.disconnect", "code": 1000}]

    async def receive():
        return inbox.pop(0)

    async def send(message):
        print("websocket", message["type"], message.get("text"))

    await application(scope, receive, send)


def run(*steps):
    """Each in a context of its own."""
    async def all_of_them():
        for step in steps:
            await asyncio.create_task(step)

    asyncio.run(all_of_them())
