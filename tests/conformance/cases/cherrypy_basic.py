"""cherrypy: pages, errors and mounted applications behind the tracer's own middleware."""

import logging
import sys

import cherrypy
from wsgi_client import call

try:
    from ddtrace import tracer
except ImportError:
    from ddtrace.trace import tracer
from ddtrace.contrib.cherrypy import TraceMiddleware

cherrypy.log.screen = False
logging.disable(logging.CRITICAL)


class Refused(Exception):
    pass


class Child:
    @cherrypy.expose
    def index(self):
        return "child"


class Shop:
    child = Child()

    @cherrypy.expose
    def index(self, **names):
        cherrypy.response.headers["X-Answer"] = "home"
        return "home"

    @cherrypy.expose
    def item(self, number, token=None):
        return number

    @cherrypy.expose
    def fails(self):
        raise ValueError("in a page")

    @cherrypy.expose
    def refuses(self):
        raise cherrypy.HTTPError(403, "said so")

    @cherrypy.expose
    def broken(self):
        raise cherrypy.HTTPError(501)

    @cherrypy.expose
    def gone(self):
        raise cherrypy.NotFound()

    @cherrypy.expose
    def moved(self):
        raise cherrypy.HTTPRedirect("/")

    @cherrypy.expose
    def inside(self):
        raise cherrypy.InternalRedirect("/child/")

    @cherrypy.expose
    def status(self, value):
        cherrypy.response.status = value
        return ""

    @cherrypy.expose
    def streams(self):
        def parts():
            yield "one"
            yield "two"

        return parts()

    streams._cp_config = {"response.stream": True}

    @cherrypy.expose
    def named(self):
        with tracer.trace("inside"):
            return "named"

    @cherrypy.expose
    def resource(self):
        tracer.current_root_span().resource = "mine"
        return "resource"


if __name__ == "__main__":
    service = "pages" if "service" in sys.argv else None
    apart = {"distributed_tracing": False} if "apart" in sys.argv else {}
    middleware = TraceMiddleware(cherrypy, tracer, service=service, **apart) if service or apart else (
        TraceMiddleware(cherrypy)
    )
    print(type(middleware).__name__, type(cherrypy.tools.tracer).__name__)
    cherrypy.config.update({"environment": "embedded", "engine.autoreload.on": False, "tools.tracer.on": True})
    app = cherrypy.tree.mount(Shop(), "/")
    mounted = cherrypy.tree.mount(Child(), "/mounted")
    parent = {"x-datadog-trace-id": "1234", "x-datadog-parent-id": "5678"}
    call(app, "/", **parent)
    call(app, "/item/7?token=secret&b=1" if "few" in sys.argv else "/item/7?token=secret")
    call(app, "/nowhere")
    if "few" not in sys.argv:
        for url in ("/child", "/child/", "/fails", "/refuses", "/broken", "/gone", "/moved", "/inside", "/streams"):
            call(app, url)
        for status in ("201 Made", "404", "503"):
            call(app, "/status?value=" + status.replace(" ", "+"))
        for url in ("/named", "/resource", "/item"):
            call(app, url)
        call(app, "/", method="POST", body=b"")
        call(app, "/", method="HEAD")
        call(mounted, "/mounted/")
