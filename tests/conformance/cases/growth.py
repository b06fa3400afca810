"""Serves requests over and over: growth.py NAME [TIMES] prints what they left behind."""

import asyncio
import atexit
import contextlib
import ctypes
import gc
import logging
import os
import sys

import growth_clients
import growth_plain


def flask():
    import flask_hooks

    client = flask_hooks.app.test_client()
    return lambda: [client.get(url).data for url in ("/plain", "/raises", "/gone", "/no")]


def django():
    import __main__
    import django_basic

    for name in ("function_middleware", "ClassMiddleware", "urlpatterns"):
        setattr(__main__, name, getattr(django_basic, name))
    application = django_basic.get_wsgi_application()
    urls = ("/", "/items/7", "/fails", "/plain", "/template", "/none")
    return lambda: [django_basic.call(application, url) for url in urls]


def django_asgi():
    import django_asgi as program
    from asgi_client import request

    application = program.get_asgi_application()

    async def all_of_them():
        for url in ("/", "/items/7", "/fails", "/streams", "/page", "/none"):
            await asyncio.create_task(request(application, url, stays=True))

    return lambda: asyncio.run(all_of_them())


def fastapi():
    import fastapi_basic
    from asgi_client import request

    async def all_of_them():
        for url in ("/", "/items/7", "/fails", "/none"):
            await asyncio.create_task(request(fastapi_basic.app, url))

    return lambda: asyncio.run(all_of_them())


def wsgi():
    from ddtrace.contrib.wsgi import DDWSGIMiddleware
    from wsgi_client import call

    def application(environ, start_response):
        start_response("200 OK", [("X-Answer", "1")])
        if environ["PATH_INFO"] == "/fails":
            raise ValueError("failed")
        return [b"text"]

    traced = DDWSGIMiddleware(application)
    return lambda: [call(traced, url) for url in ("/", "/fails")]


def asgi():
    from asgi_client import request
    from ddtrace.contrib.asgi import TraceMiddleware

    async def application(scope, receive, send):
        if scope["path"] == "/fails":
            raise ValueError("failed")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"text"})

    traced = TraceMiddleware(application)

    async def all_of_them():
        for url in ("/", "/fails"):
            await asyncio.create_task(request(traced, url))

    return lambda: asyncio.run(all_of_them())


def _site(name, *urls):
    """A program with an `app` for WSGI."""
    from importlib import import_module

    from wsgi_client import call

    app = import_module(name).app
    return lambda: [call(app, url) for url in urls]


def bottle():
    return _site("bottle_basic", "/", "/items/7", "/fails", "/none")


def falcon():
    return _site("falcon_basic", "/", "/items/7", "/fails", "/gone", "/none")


def pyramid():
    import warnings

    import __main__

    warnings.simplefilter("ignore")
    import pyramid_basic as program
    from wsgi_client import call

    __main__.tween_factory = program.tween_factory
    app = program.application()
    return lambda: [call(app, url) for url in ("/", "/items/7", "/fails", "/none")]


def cherrypy():
    import cherrypy_basic as program
    from wsgi_client import call

    program.TraceMiddleware(program.cherrypy)
    settings = {"environment": "embedded", "engine.autoreload.on": False, "tools.tracer.on": True}
    program.cherrypy.config.update(settings)
    app = program.cherrypy.tree.mount(program.Shop(), "/")
    return lambda: [call(app, url) for url in ("/", "/item/7", "/fails", "/gone", "/none")]


def _ask(port, *urls):
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", port)
    for url in urls:
        connection.request("GET", url)
        connection.getresponse().read()
    connection.close()


def tornado():
    import tornado_basic as program

    loop = asyncio.new_event_loop()
    sockets = program.bind_sockets(0, "127.0.0.1")
    port = sockets[0].getsockname()[1]

    async def start():
        program.HTTPServer(program.application()).add_sockets(sockets)

    loop.run_until_complete(start())
    urls = ("/", "/items/7", "/later", "/fails", "/logs", "/text", "/none")
    return lambda: loop.run_until_complete(asyncio.to_thread(_ask, port, *urls))


def sanic():
    import sanic_basic as program

    loop = asyncio.new_event_loop()

    async def start():
        wanted = {"return_asyncio_server": True, "access_log": False}
        server = await program.application().create_server(host="127.0.0.1", port=0, **wanted)
        await server.startup()
        await server.start_serving()
        return server.server.sockets[0].getsockname()[1]

    port = loop.run_until_complete(start())
    urls = ("/", "/items/7", "/fails", "/handled", "/none")
    return lambda: loop.run_until_complete(asyncio.to_thread(_ask, port, *urls))


def _client(send):
    """`send(base)` asks a server for pages."""
    from serving import SEEN, serving

    server = serving()
    base = server.__enter__()
    atexit.register(server.__exit__, None, None, None)

    def some():
        SEEN.clear()
        send(base)

    return some


def urllib3():
    import urllib3

    pool = urllib3.PoolManager()
    return _client(lambda base: [pool.request("GET", base + url).data for url in ("/get", "/status/404")])


def httpx():
    import httpx

    client = httpx.Client()

    def send(base):
        client.get(base + "/get").read()
        with contextlib.suppress(httpx.ConnectError):
            client.get("http://127.0.0.1:9/")

    return _client(send)


def aiohttp():
    import aiohttp

    async def ask(base):
        async with aiohttp.ClientSession() as session:
            for url in ("/get", "/status/404"):
                async with session.get(base + url) as answer:
                    await answer.read()

    return _client(lambda base: asyncio.run(ask(base)))


def aiohttp_server():
    from aiohttp import web
    from ddtrace.contrib.aiohttp import trace_app

    loop = asyncio.new_event_loop()

    async def page(request):
        return web.Response(text=request.match_info.get("name", "home"))

    async def fails(request):
        raise ValueError("failed")

    async def start():
        app = web.Application()
        app.router.add_get("/", page)
        app.router.add_get("/items/{name}", page)
        app.router.add_get("/fails", fails)
        trace_app(app)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return site._server.sockets[0].getsockname()[1], runner

    port, runner = loop.run_until_complete(start())
    urls = ("/", "/items/7", "/fails", "/none")

    def serve(runner=runner):
        loop.run_until_complete(asyncio.to_thread(_ask, port, *urls))

    return serve


def starlette():
    import starlette_basic
    from asgi_client import request

    urls = ("/", "/items/7", "/fails", "/background", "/backgrounds", "/inner/deep/y")

    async def all_of_them():
        for url in urls:
            await asyncio.create_task(request(starlette_basic.app, url))

    return lambda: asyncio.run(all_of_them())


def requests():
    import requests
    from serving import SEEN, serving

    server = serving()
    base = server.__enter__()
    atexit.register(server.__exit__, None, None, None)
    session = requests.Session()

    def send():
        SEEN.clear()
        session.get(base + "/get").raise_for_status()
        session.post(base + "/redirect", data="text", headers={"traceparent": "own"})
        with contextlib.suppress(requests.ConnectionError):
            session.get("http://127.0.0.1:9/")

    return send


def websockets():
    import websockets_more as program

    async def all_of_them():
        message = program.text("a")
        for path in ("/ws/one", "/greets", "/fails", "/refuses"):
            await asyncio.create_task(program.connect(path, message))

    return lambda: asyncio.run(all_of_them())


def flask_oldest():
    import flask_oldest

    client = flask_oldest.app.test_client()

    def serve():
        @flask_oldest.app.endpoint("later")
        def later():
            return "later"

        return [client.get(url).data for url in ("/", "/raises", "/later", "/part/zero", "/none")]

    return serve


def httplib():
    import http.client
    from urllib.parse import urlsplit

    from serving import SEEN, serving

    server = serving()
    base = urlsplit(server.__enter__())
    atexit.register(server.__exit__, None, None, None)

    def send():
        SEEN.clear()
        connection = http.client.HTTPConnection(base.hostname, base.port)
        for path in ("/get", "/status/404", "/bad path"):
            with contextlib.suppress(http.client.InvalidURL):
                connection.request("GET", path, headers={"a": "b"})
                connection.getresponse().read()
        connection.close()

    return send


def sqlalchemy():
    import sqlalchemy

    connection = sqlalchemy.create_engine("sqlite://").connect()
    return lambda: connection.execute(sqlalchemy.text("SELECT 1")).all()


def gevent():
    import gevent
    from ddtrace.trace import tracer

    def spawn():
        with tracer.trace("spawns"):
            gevent.spawn(gevent.sleep).get()

    return spawn


def kombu():
    import kombu

    connection = kombu.Connection("memory://")
    queue = kombu.Queue("queue", exchange=kombu.Exchange("exchange"), routing_key="key")
    connection.Consumer(queue, callbacks=[lambda _, message: message.ack()]).consume()
    producer = connection.Producer()

    def send():
        producer.publish("text", exchange="exchange", routing_key="key", declare=[queue])
        connection.drain_events(timeout=5)

    return send


class MallInfo(ctypes.Structure):
    """What mallinfo2() of glibc tells."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()
    ]


def in_use():
    """Bytes that malloc has given out; those of Python's objects too under PYTHONMALLOC=malloc."""
    tell = ctypes.CDLL(None).mallinfo2
    tell.restype = MallInfo
    gc.collect()
    told = tell()
    return told.uordblks + told.hblkhd


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    name, times = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 400
    serve = {**globals(), **vars(growth_clients), **vars(growth_plain)}[name]()
    sizes = []
    # What they print would be what grows.
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        for _ in range(20):
            serve()
        gc.collect()
        before = len(gc.get_objects())
        for turn in range(times):
            if turn % (times // 6) == times // 6 - 1:
                sizes.append(in_use())
            serve()
        gc.collect()
        after = len(gc.get_objects())
    # Threads of pools come and go; what stays of each request would be more.
    print("grown" if after - before > 200 else "as before")
    if times >= 10_000:  # below, pages that fill up for the first time are all there is to see
        print(", ".join(f"{(size - sizes[0]) >> 10}" for size in sizes))
        # What waits for an agent and what is kept to be used again are bounded.
        if sizes[5] - sizes[2] > 2 << 20:
            sys.exit("memory grows with each request")
