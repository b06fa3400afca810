"""falcon: resources, errors and responders."""

import sys

import falcon
from wsgi_client import call


class Items:
    def on_get(self, request, response, number):
        response.media = {"number": number}

    def on_post(self, request, response, number):
        response.status = falcon.HTTP_201
        response.text = "made"


class Page:
    def __init__(self, what):
        self.what = what

    def on_get(self, request, response):
        if self.what == "fails":
            raise ValueError("in a responder")
        if self.what == "gone":
            raise falcon.HTTPGone()
        if self.what == "broken":
            raise falcon.HTTPInternalServerError(title="broken")
        if self.what == "moved":
            raise falcon.HTTPFound("/")
        if self.what == "unavailable":
            response.status = falcon.HTTP_503
        response.text = self.what

    def on_get_special(self, request, response):
        response.text = "special"


class Middleware:
    def process_request(self, request, response):
        if request.path == "/stopped":
            response.complete = True
            response.text = "stopped"

    def process_response(self, request, response, resource, succeeded):
        response.set_header("X-After", str(succeeded))


def sink(request, response, **names):
    response.text = "sink"


app = falcon.App(middleware=[Middleware()])
app.add_route("/", Page("index"))
app.add_route("/items/{number:int}", Items())
for what in ("fails", "gone", "broken", "moved", "unavailable"):
    app.add_route("/" + what, Page(what))
app.add_route("/special", Page("special"), suffix="special")
app.add_sink(sink, "/sunk")

if __name__ == "__main__":
    parent = {"x-datadog-trace-id": "1234", "x-datadog-parent-id": "5678"}
    call(app, "/", **parent)
    if sys.argv[1:] == ["few"]:
        sys.exit()
    urls = "/items/7?token=abc /fails /gone /broken /moved /unavailable /special /none"
    for url in urls.split():
        call(app, url)
    call(app, "/items/8", method="POST", body=b"text")
    call(app, "/items/8", method="DELETE")
    call(app, "/", method="HEAD")
