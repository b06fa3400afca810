"""aiohttp's client: URLs and parameters in every form, headers, errors, tasks, web sockets."""

import asyncio

import aiohttp
from serving import serving, tracing_headers
from yarl import URL


async def tell(request):
    try:
        async with request as response:
            print(response.status, response.reason, len(await response.read()), tracing_headers())
    except Exception as error:
        print(type(error).__name__)


async def main(base):
    async with aiohttp.ClientSession(headers={"User-Agent": "session"}) as session:
        await tell(session.get(base + "/get?a=1&token=secret#fragment"))
        await tell(session.post(base + "/post", data=b"x", headers={"X-Asked": "1"}))
        await tell(session.get(base + "/agent?z=1", headers={"User-Agent": "own"}, params={"q": "1", "z": "2"}))
        await tell(session.get(URL(base + "/yarl"), params="x=1&y=2", headers=[("X-Asked", "a")]))
        await tell(session.request("options", base + "/sp ace", params=[("q", "1"), ("q", "2")]))
        await tell(session.head(base + "/head", headers={}))
        await tell(session.get(base + "/redirect"))
        await tell(session.get(base + "/status/500"))
        await tell(session.get(base + "/status/404"))
        await tell(session.get(base + "/status/503", raise_for_status=True))
        await tell(session.get("http://127.0.0.1:1/nobody"))
        await tell(session.get("http://user:password@127.0.0.1:1/secret"))
        await tell(session.get("bad://x"))
        own = {"traceparent": "own", "A": "b"}
        await tell(session.get(base + "/own", headers=dict(own)))
        for number, response in enumerate(
            await asyncio.gather(*[session.get(f"{base}/{name}") for name in ("a", "a")])
        ):
            print(number, await response.text())
        pending = asyncio.ensure_future(session.get(base + "/cancelled")._coro)
        await asyncio.sleep(0)
        pending.cancel()
        print(await asyncio.gather(pending, return_exceptions=True))
        session.get(base + "/never").close()
        try:
            await session.ws_connect(base + "/ws")
        except aiohttp.WSServerHandshakeError as error:
            print(error.status)
    async with aiohttp.ClientSession(base) as session:
        await tell(session.get("/relative", params={"q": "1"}))
    async with aiohttp.request("GET", base + "/alone") as response:
        print(response.status)


with serving() as base:
    asyncio.run(main(base))
