"""Django: views of each kind that raise Http404, and a middleware that does."""

import logging

import django
from django.conf import settings
from django.http import Http404, HttpResponse
from django.test import Client
from django.urls import path
from django.views import View


class Missing(Http404):
    pass


class Page(View):
    def get(self, request):
        raise Http404("of a class")


class Middleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, *view):
        if request.path == "/stopped":
            raise Http404("of a middleware")


def function(request):
    raise Http404("of a function")


def missing(request):
    raise Missing("of a function, its own")


async def later(request):
    raise Http404("of a coroutine")


def fails(request):
    raise ValueError("no answer")


def not_found(request, exception):
    return HttpResponse("nothing here", status=404)


if __name__ == "__main__":
    handler404 = not_found
    urlpatterns = [
        path("function", function),
        path("missing", missing),
        path("later", later),
        path("page", Page.as_view()),
        path("stopped", function),
        path("fails", fails),
    ]
    settings.configure(
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        MIDDLEWARE=[__name__ + ".Middleware"],
        SECRET_KEY="secret",
        LOGGING_CONFIG=None,
    )
    logging.disable(logging.CRITICAL)
    django.setup()
    client = Client(raise_request_exception=False)
    for url in ("/function", "/missing", "/later", "/page", "/stopped", "/fails", "/nowhere"):
        print(url, client.get(url).status_code)
