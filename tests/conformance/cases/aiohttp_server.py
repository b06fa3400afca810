"""aiohttp's server: routes, errors, streams, middlewares and templates of a traced application."""

import asyncio
import sys

import aiohttp_jinja2
import jinja2
from aiohttp import web
from serving import CONTINUED, ask_each

from ddtrace.contrib.aiohttp import trace_app
from ddtrace.trace import tracer


async def home(request):
    return web.Response(text="home")


async def item(request):
    with tracer.trace("inside"):
        await asyncio.sleep(0)
    return web.Response(text=request.match_info["name"])


async def fails(request):
    raise ValueError("failed")


async def gone(request):
    raise web.HTTPGone()


async def five(request):
    return web.Response(status=503)


async def stream(request):
    response = web.StreamResponse(headers={"X-Server": "stream"})
    await response.prepare(request)
    await response.write(b"one")
    with tracer.trace("between"):
        await response.write(b"two")
    await response.write_eof()
    return response


async def child(request):
    async def work():
        with tracer.trace("task"):
            return "done"

    return web.Response(text=await asyncio.create_task(work()))


@aiohttp_jinja2.template("named.html")
async def template(request):
    return {"name": "you"}


async def rendered(request):
    return aiohttp_jinja2.render_template("named.html", request, {"name": "me"})


async def inner(request):
    return web.Response(text="inner")


@web.middleware
async def middleware(request, handler):
    with tracer.trace("middleware"):
        response = await handler(request)
    response.headers["X-Middleware"] = "1"
    return response


def application():
    app = web.Application(middlewares=[middleware])
    app.router.add_get("/", home)
    app.router.add_get("/items/{name}", item)
    app.router.add_get("/number/{name:[0-9]+}", item, name="number")
    app.router.add_get("/fails", fails)
    app.router.add_get("/gone", gone)
    app.router.add_get("/five", five)
    app.router.add_get("/stream", stream)
    app.router.add_post("/child", child)
    app.router.add_get("/template", template)
    app.router.add_get("/rendered", rendered)
    sub = web.Application()
    sub.router.add_get("/page", inner)
    app.add_subapp("/sub", sub)
    aiohttp_jinja2.setup(app, loader=jinja2.DictLoader({"named.html": "Hello {{ name }}"}))
    return app


async def main():
    app = application()
    if "named" in sys.argv:
        trace_app(app, tracer, service="shop")
    elif "apart" in sys.argv:
        trace_app(app)
        app["datadog_trace"]["distributed_tracing_enabled"] = False
    else:
        trace_app(app, tracer)
    print(len(app.middlewares), sorted(app["datadog_trace"]))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    asked = [
        ("GET", "/"),
        ("GET", "/items/a?token=secret&b=1"),
        ("GET", "/number/7"),
        ("GET", "/fails"),
        ("GET", "/gone"),
        ("GET", "/five"),
        ("GET", "/stream"),
        ("POST", "/child"),
        ("GET", "/template"),
        ("GET", "/rendered"),
        ("GET", "/sub/page"),
        ("GET", "/nowhere"),
        ("PUT", "/"),
        ("HEAD", "/"),
        ("GET", "/", CONTINUED),
    ]
    await asyncio.to_thread(ask_each, port, asked)
    await runner.cleanup()


asyncio.run(main())
