"""Serves requests over and over: growth.py NAME prints what they left behind."""

import asyncio
import atexit
import contextlib
import gc
import io
import logging
import sys


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


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    serve = globals()[sys.argv[1]]()
    with contextlib.redirect_stdout(io.StringIO()):
        for _ in range(20):
            serve()
        gc.collect()
        before = len(gc.get_objects())
        for _ in range(400):
            serve()
        gc.collect()
        after = len(gc.get_objects())
    # Threads of pools come and go; what stays of each request would be more.
    print("grown" if after - before > 200 else "as before")
