"""tornado: handlers, errors, redirects, files, streams, templates and websockets of an application."""

import asyncio
import logging
import pathlib
import sys

import tornado.web
import tornado.websocket
from serving import CONTINUED, ask_each
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.template import Template

logging.getLogger("tornado").setLevel(logging.CRITICAL + 1)
CASES = pathlib.Path(__file__).parent


class Home(tornado.web.RequestHandler):
    def get(self, *args, **names):
        self.set_header("X-Answer", "home")
        self.write("home" + "".join(args) + "".join(sorted(names.values())))

    post = get


class Later(tornado.web.RequestHandler):
    async def get(self):
        await asyncio.sleep(0)
        self.write("later")
        await self.flush()
        await asyncio.sleep(0)
        self.finish("more")


class Fails(tornado.web.RequestHandler):
    async def get(self):
        await asyncio.sleep(0)
        raise ValueError("in a handler")


class Refuses(tornado.web.RequestHandler):
    def get(self, status):
        raise tornado.web.HTTPError(int(status), "said so", reason="Because")


class Stops(tornado.web.RequestHandler):
    def prepare(self):
        if self.get_argument("how") == "finish":
            raise tornado.web.Finish()
        if self.get_argument("how") == "answer":
            self.set_status(202)
            self.finish("prepared")
            return
        raise KeyError("in prepare")

    def get(self):
        self.write("never")


class Status(tornado.web.RequestHandler):
    def get(self, status):
        self.set_status(int(status))


class Logs(tornado.web.RequestHandler):
    def get(self):
        raise ValueError("told to its own")

    def log_exception(self, typ, value, tb):
        pass

    def on_finish(self):
        self.application.settings["finished"] += 1


class Page(tornado.web.RequestHandler):
    def get(self):
        self.render("hello.html", name="you")


class Text(tornado.web.RequestHandler):
    def get(self):
        self.write(Template("Hello {{ name }}").generate(name="me"))


class Echo(tornado.websocket.WebSocketHandler):
    def on_message(self, message):
        self.write_message("echo " + message)


class Default(tornado.web.RequestHandler):
    def prepare(self):
        raise tornado.web.HTTPError(404)


def application(**settings):
    return tornado.web.Application(
        [
            (r"/", Home),
            (r"/items/([0-9]+)", Home),
            (r"/named/(?P<one>\w+)/(?P<two>\w+)", Home),
            (r"/later/?", Later),
            (r"/fails", Fails),
            (r"/refuses/(\d+)", Refuses),
            (r"/stops", Stops),
            (r"/status/(\d+)", Status),
            (r"/logs", Logs),
            (r"/page", Page),
            (r"/text", Text),
            (r"/moved", tornado.web.RedirectHandler, {"url": "/"}),
            (r"/files/(.*)", tornado.web.StaticFileHandler, {"path": CASES / "static"}),
            (r"/echo", Echo),
        ],
        template_path=str(CASES / "templates"),
        finished=0,
        **settings,
    )


async def talk(port):
    connection = await tornado.websocket.websocket_connect(f"ws://127.0.0.1:{port}/echo")
    await connection.write_message("one")
    print(await connection.read_message())
    connection.close()
    await connection.read_message()


async def main():
    settings = {}
    if "default" in sys.argv:
        settings["default_handler_class"] = Default
    if "own" in sys.argv:
        own = {"default_service": "own", "distributed_tracing": False, "tags": {"team": "a"}}
        settings["datadog_trace"] = own
    app = application(**settings)
    sockets = bind_sockets(0, "127.0.0.1")
    port = sockets[0].getsockname()[1]
    server = HTTPServer(app)
    server.add_sockets(sockets)
    asked = [("GET", "/", CONTINUED), ("GET", "/items/7?token=secret&b=1"), ("GET", "/nowhere")]
    if "few" not in sys.argv:
        asked += [
            ("GET", "/named/a/b"),
            ("POST", "/"),
            ("PUT", "/"),
            ("HEAD", "/"),
            ("GET", "/later/"),
            ("GET", "/fails"),
            ("GET", "/refuses/403"),
            ("GET", "/refuses/501"),
            ("GET", "/stops?how=finish"),
            ("GET", "/stops?how=answer"),
            ("GET", "/stops?how=fail"),
            ("GET", "/status/404"),
            ("GET", "/status/503"),
            ("GET", "/page"),
            ("GET", "/text"),
            ("GET", "/moved"),
            ("GET", "/files/word.txt"),
            ("GET", "/files/none.txt"),
        ]
    if "logs" in sys.argv:
        asked = [("GET", "/logs")]
    await asyncio.to_thread(ask_each, port, asked)
    if len(asked) > 3:
        await talk(port)
    print(app.settings["finished"])
    server.stop()


if __name__ == "__main__":
    asyncio.run(main())
