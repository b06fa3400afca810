"""Flask: applications below other applications, and without a server."""

from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import Client, EnvironBuilder, run_wsgi_app

outer = Flask("outer")
inner = Flask("inner")


@outer.get("/here")
def here():
    return "here"


@outer.get("/inside")
def inside():
    """A request inside a request."""
    return inner.test_client().get("/deep").data


@inner.get("/deep")
def deep():
    return "deep"


def plain_wsgi(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"plain"]


class Middleware:
    def __init__(self, application):
        self.application = application

    def __call__(self, environ, start_response):
        environ["own"] = "1"
        return self.application(environ, start_response)


mounted = DispatcherMiddleware(outer, {"/inner": inner, "/plain": plain_wsgi})

if __name__ == "__main__":
    client = Client(mounted)
    for url in ["/here", "/inner/deep", "/inner/none", "/plain", "/inside", "/none"]:
        answer = client.get(url)
        print(url, answer.status, answer.data[:20])
    inner.wsgi_app = Middleware(ProxyFix(inner.wsgi_app))
    print(inner.test_client().get("/deep", base_url="http://a.test/prefix").data)
    body, status, _headers = run_wsgi_app(inner, EnvironBuilder("/deep").get_environ())
    print(status, b"".join(body))
    result = inner.test_cli_runner().invoke(args=["routes"])
    print(result.exit_code)
