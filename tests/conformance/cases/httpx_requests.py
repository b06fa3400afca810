"""Clients of httpx and of what has its interface: also asynchronous ones, redirects and errors."""

import asyncio

from serving import SEEN, serving


def show(label, call):
    before = len(SEEN)
    try:
        answer = call()
        text = f"{answer.status_code} {answer.text.strip()}"
    except Exception as error:
        text = type(error).__name__
    print(label, text, len(SEEN) - before)


async def asynchronous(httpx, base):
    async with httpx.AsyncClient(follow_redirects=True) as client:
        answer = await client.get(base + "/async?a=1")
        print(answer.status_code, answer.text.strip())
        answer = await client.get(base + "/redirect")
        print(answer.status_code, len(answer.history))
        answers = await asyncio.gather(*(client.get(base + "/gathered") for _ in range(2)))
        print([each.status_code for each in answers])
        async with client.stream("GET", base + "/stream") as answer:
            print([len(part) async for part in answer.aiter_bytes()])
        try:
            await client.get("http://127.0.0.1:1/refused")
        except httpx.ConnectError as error:
            print(type(error).__name__)
        task = asyncio.ensure_future(client.get(base + "/cancelled"))
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            print("cancelled")


def run(httpx):
    with serving() as base:
        show("get", lambda: httpx.get(base + "/status/200?a=1&token=abc"))
        with httpx.Client() as client:
            show("post", lambda: client.post(base + "/post", json={"a": 1}))
            show("lower case", lambda: client.request("get", base + "/lower"))
            show("headers", lambda: client.get(base + "/h", headers={"X-Asked": "1"}))
            show("404", lambda: client.get(base + "/status/404"))
            show("500", lambda: client.get(base + "/status/500"))
            show("redirect", lambda: client.get(base + "/redirect"))
            show("followed", lambda: client.get(base + "/redirect", follow_redirects=True))
            show("login", lambda: client.get(base.replace("//", "//user:pass@") + "/login"))
            request = client.build_request("GET", base + "/built")
            show("sent", lambda: client.send(request))
            show("raised", lambda: client.get(base + "/status/503").raise_for_status())
            with client.stream("GET", base + "/stream") as answer:
                print(sum(len(part) for part in answer.iter_bytes()))
        asyncio.run(asynchronous(httpx, base))
    show("refused", lambda: httpx.get(base + "/refused"))
    show("scheme", lambda: httpx.get("ftp://127.0.0.1/x"))
    transport = httpx.MockTransport(lambda request: httpx.Response(204, headers={"X-Asked": "2"}))
    show("mock", lambda: httpx.Client(transport=transport).get("http://example.com/mock"))
