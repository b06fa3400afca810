"""django over ASGI: views of both kinds, errors and streams."""

import sys

import django
from django.conf import settings
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse

from asgi_client import request, run


def sync_only(get_response):
    def middleware(request):
        answer = get_response(request)
        answer["X-Sync"] = "yes"
        return answer

    return middleware


class Both:
    sync_capable = async_capable = True

    def __init__(self, get_response):
        from asgiref.sync import iscoroutinefunction, markcoroutinefunction

        self.get_response = get_response
        self.waits = iscoroutinefunction(get_response)
        if self.waits:
            markcoroutinefunction(self)

    def __call__(self, request):
        return self.later(request) if self.waits else self.get_response(request)

    async def later(self, request):
        return await self.get_response(request)


settings.configure(
    SECRET_KEY="no secret",
    DEBUG=False,
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=[f"{__name__}.Both"] if "both" in sys.argv else [f"{__name__}.sync_only", f"{__name__}.Both"],
    LOGGING_CONFIG=None,
)
django.setup()

from django.core.asgi import get_asgi_application  # noqa: E402
from django.urls import path  # noqa: E402
from django.views import View  # noqa: E402


def index(request):
    return HttpResponse("index")


async def waits(request, number):
    return JsonResponse({"number": number})


async def fails(request):
    raise ValueError("this view fails")


def fails_too(request):
    raise ValueError("this view fails too")


async def streams(request):
    async def parts():
        yield b"one "
        yield b"two"

    return StreamingHttpResponse(parts())


class Page(View):
    async def get(self, request):
        return HttpResponse("a page")


urlpatterns = [
    path("", index),
    path("items/<int:number>", waits, name="item"),
    path("fails", fails),
    path("fails_too", fails_too),
    path("streams", streams),
    path("page", Page.as_view()),
]

if __name__ == "__main__":
    import logging

    logging.disable(logging.CRITICAL)
    application = get_asgi_application()
    urls = ["/", "/items/7?token=abc", "/fails", "/fails_too", "/streams", "/page", "/none"]
    parent = ((b"x-datadog-trace-id", b"1234"), (b"x-datadog-parent-id", b"5678"))
    run(*(request(application, url, stays=True) for url in urls), request(application, "/", headers=parent, stays=True))
