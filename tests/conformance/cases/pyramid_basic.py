"""pyramid: views, renderers and errors."""

import sys
import warnings

warnings.simplefilter("ignore")  # setuptools has words for what pyramid imports

from pyramid.config import Configurator  # noqa: E402
from pyramid.httpexceptions import HTTPFound, HTTPGone, HTTPInternalServerError  # noqa: E402
from pyramid.response import Response  # noqa: E402
from pyramid.tweens import EXCVIEW  # noqa: E402
from pyramid.view import view_config  # noqa: E402
from wsgi_client import call  # noqa: E402


def index(request):
    return Response("index")


def item(request):
    return {"number": request.matchdict["number"]}


def fails(request):
    raise ValueError("in a view")


def gone(request):
    raise HTTPGone()


def broken(request):
    return HTTPInternalServerError()


def moved(request):
    return HTTPFound("/")


def handled(request):
    raise KeyError("handled")


def on_key_error(error, request):
    return Response("handled", status=409)


class Page:
    def __init__(self, request):
        self.request = request

    @view_config(route_name="page", renderer="string")
    def page(self):
        return "page"


def tween_factory(handler, registry):
    def tween(request):
        answer = handler(request)
        answer.headers["X-After"] = "yes"
        return answer

    return tween


def application():
    with Configurator() as config:
        for name, path in [
            ("index", "/"), ("item", "/items/{number}"), ("fails", "/fails"), ("gone", "/gone"),
            ("broken", "/broken"), ("moved", "/moved"), ("handled", "/handled"),
        ]:  # fmt: skip
            config.add_route(name, path)
            renderer = "json" if name == "item" else None
            config.add_view(globals()[name], route_name=name, renderer=renderer)
        config.add_route("page", "/page")
        config.add_view(Page, attr="page", route_name="page", renderer="string")
        config.add_view(on_key_error, context=KeyError)
        config.add_tween("__main__.tween_factory", under=EXCVIEW)
        return config.make_wsgi_app()


if __name__ == "__main__":
    app = application()
    parent = {"x-datadog-trace-id": "1234", "x-datadog-parent-id": "5678"}
    call(app, "/", **parent)
    if sys.argv[1:] == ["few"]:
        sys.exit()
    urls = "/items/7?token=abc /fails /gone /broken /moved /handled /page /none"
    for url in urls.split():
        call(app, url)
    call(app, "/items/8", method="POST", body=b"text")
    call(app, "/", method="HEAD")
