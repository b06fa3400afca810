"""sanic: routes, middlewares, errors, streams, blueprints and mounted files of an application."""

import asyncio
import logging
import os
import sys

from serving import CONTINUED, ask_each

sys.path.pop(0)  # there is a websockets.py
from sanic import Blueprint, Sanic
from sanic import response as answers
from sanic.exceptions import NotFound, SanicException
from sanic.views import HTTPMethodView

logging.disable(logging.CRITICAL)


class Unusual(Exception):
    pass


def application():
    app = Sanic("shop")
    inner = Blueprint("inner", url_prefix="/inner")

    @app.route("/")
    async def home(request):
        return answers.text("home", headers={"X-Answer": "home"})

    @app.route("/items/<number:int>", methods=["GET", "POST"])
    async def item(request, number):
        return answers.json({"number": number})

    @app.route("/named/<one>/<two>", name="both")
    def named(request, one, two):
        return answers.text(one + two)

    @app.route("/fails")
    async def fails(request):
        await asyncio.sleep(0)
        raise ValueError("in a handler")

    @app.route("/handled")
    async def handled(request):
        raise Unusual("handled")

    @app.exception(Unusual)
    async def handle(request, error):
        return answers.text(f"handled {error}", status=418)

    @app.route("/gone")
    async def gone(request):
        raise NotFound("not here")

    @app.route("/broken")
    async def broken(request):
        raise SanicException("broken", status_code=503)

    @app.route("/status/<status:int>")
    async def status(request, status):
        return answers.text("", status=status)

    @app.route("/moved")
    async def moved(request):
        return answers.redirect("/")

    @app.middleware("request")
    async def stops(request):
        if request.path == "/stopped":
            return answers.text("stopped")
        if request.path == "/stumbles":
            raise ValueError("in a middleware")

    @app.middleware("response")
    async def adds(request, answer):
        answer.headers["X-After"] = "1"

    class Several(HTTPMethodView):
        async def get(self, request):
            return answers.text("several")

        def put(self, request):
            return answers.text("put")

    app.add_route(Several.as_view(), "/several")

    @inner.route("/page/<name>")
    async def page(request, name):
        return answers.text(name)

    app.blueprint(inner)
    app.static("/word", os.path.join(os.path.dirname(__file__), "static", "word.txt"), name="word")
    return app


async def main():
    app = application()
    if hasattr(answers, "ResponseStream") or "respond" in dir(sys.modules["sanic.request"].Request):

        @app.route("/streams")
        async def streams(request):
            answer = await request.respond(content_type="text/plain")
            await answer.send("one")
            await asyncio.sleep(0)
            await answer.send("two")
            await answer.eof()

        @app.route("/streams/fails")
        async def streams_fails(request):
            answer = await request.respond(content_type="text/plain")
            await answer.send("one")
            raise ValueError("in a stream")

    server = await app.create_server(host="127.0.0.1", port=0, return_asyncio_server=True, access_log=False)
    if hasattr(server, "startup"):
        await server.startup()
    if hasattr(server, "start_serving"):
        await server.start_serving()
    sockets = getattr(server, "sockets", None) or server.server.sockets
    port = sockets[0].getsockname()[1]
    asked = [("GET", "/", CONTINUED), ("GET", "/items/7?token=secret&b=1"), ("GET", "/nowhere")]
    if "few" not in sys.argv:
        asked += [
            ("POST", "/items/8"),
            ("PUT", "/items/8"),
            ("HEAD", "/"),
            ("GET", "/named/a/b"),
            ("GET", "/items/x"),
            ("GET", "/fails"),
            ("GET", "/handled"),
            ("GET", "/gone"),
            ("GET", "/broken"),
            ("GET", "/status/404"),
            ("GET", "/status/503"),
            ("GET", "/moved"),
            ("GET", "/stopped"),
            ("GET", "/stumbles"),
            ("GET", "/several"),
            ("PUT", "/several"),
            ("GET", "/inner/page/one"),
            ("GET", "/word"),
            ("GET", "/streams"),
        ]
    await asyncio.to_thread(ask_each, port, asked)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
