"""Django: requests through middlewares to views of every kind, over WSGI."""

import sys

import django
from django.conf import settings
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.template.response import TemplateResponse

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "__main__.function_middleware",
    "__main__.ClassMiddleware",
]

settings.configure(
    ALLOWED_HOSTS=["*"],
    DEBUG=False,
    DEBUG_PROPAGATE_EXCEPTIONS=False,
    ROOT_URLCONF="__main__",
    SECRET_KEY="a secret",
    MIDDLEWARE=MIDDLEWARE,
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "loaders": [
                    (
                        "django.template.loaders.locmem.Loader",
                        {"page.html": "Hello {{ name }}{% include 'part.html' %}", "part.html": "!"},
                    )
                ]
            },
        }
    ],
    LOGGING_CONFIG=None,
)
django.setup()

from django.core.cache import cache  # noqa: E402
from django.core.exceptions import PermissionDenied  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection  # noqa: E402
from django.shortcuts import render  # noqa: E402
from django.urls import include, path, re_path  # noqa: E402
from django.views import View  # noqa: E402
from django.views.generic import TemplateView  # noqa: E402


def function_middleware(get_response):
    def middleware(request):
        answer = get_response(request)
        answer["X-Function"] = "yes"
        return answer

    return middleware


class ClassMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.path == "/stopped":
            return HttpResponse("stopped", status=403)
        return self.get_response(request)

    def process_view(self, request, view, arguments, keywords):
        return None

    def process_exception(self, request, error):
        if isinstance(error, KeyError):
            return HttpResponse("a key", status=400)
        return None

    def process_template_response(self, request, response):
        return response


def index(request):
    return HttpResponse("hello")


def item(request, number):
    return JsonResponse({"number": number})


def fails(request):
    raise ValueError("this view fails")


def key_error(request):
    raise KeyError("k")


def denied(request):
    raise PermissionDenied


def status(request, code):
    return HttpResponse(status=code)


def templated(request):
    return render(request, "page.html", {"name": "you"})


def template_response(request):
    return TemplateResponse(request, "page.html", {"name": "later"})


def streamed(request):
    return StreamingHttpResponse(iter([b"a", b"b"]))


def database(request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 + 1")
        row = cursor.fetchone()
    return HttpResponse(str(row))


def cached(request):
    cache.set("key", "value", 10)
    cache.get("key")
    cache.get("other")
    cache.get_many(["key", "other"])
    cache.delete("key")
    return HttpResponse("cached")


def session(request):
    request.session["n"] = request.session.get("n", 0) + 1
    return HttpResponse("session")


class Plain(View):
    def get(self, request):
        return HttpResponse("get")

    def post(self, request):
        return HttpResponse("post", status=201)


class Page(TemplateView):
    template_name = "page.html"


class Callable:
    def __call__(self, request):
        return HttpResponse("callable")


def deep(request, word):
    return HttpResponse(word)


inner = [path("deep/<slug:word>", deep, name="deep"), path("", index)]
urlpatterns = [
    path("", index, name="index"),
    path("items/<int:number>", item, name="item"),
    re_path(r"^regular/(?P<year>[0-9]{4})/$", lambda request, year: HttpResponse(year)),
    path("fails", fails),
    path("key", key_error),
    path("denied", denied),
    path("status/<int:code>", status),
    path("template", templated),
    path("template_response", template_response),
    path("streamed", streamed),
    path("database", database),
    path("cached", cached),
    path("session", session),
    path("plain", Plain.as_view()),
    path("page", Page.as_view(), name="page"),
    path("callable", Callable()),
    path("stopped", index),
    path("inner/", include((inner, "inner"))),
]


def call(application, url, method="GET", **more):
    at, _, query = url.partition("?")
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": at,
        "QUERY_STRING": query,
        "SERVER_NAME": "shop.test",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": __import__("io").BytesIO(b""),
        "HTTP_USER_AGENT": "case/1",
        **more,
    }
    seen = []
    body = application(environ, lambda line, headers, error=None: seen.append(line))
    text = b"".join(body)
    if hasattr(body, "close"):
        body.close()
    print(method, url, seen, text[:30])


URLS = [
    "/", "/items/7?token=abc&n=1", "/regular/2024/", "/fails", "/key", "/denied", "/status/404",
    "/status/503", "/template", "/template_response", "/streamed", "/database", "/cached",
    "/session", "/plain", "/page", "/callable", "/stopped", "/inner/deep/word", "/inner/", "/none",
]

if __name__ == "__main__":
    import logging

    logging.disable(logging.CRITICAL)
    application = get_wsgi_application()
    for url in URLS[:3] if "few" in sys.argv else URLS:
        call(application, url)
    call(application, "/plain", "POST", HTTP_X_CSRFTOKEN="t")
    call(
        application,
        "/",
        HTTP_X_DATADOG_TRACE_ID="5",
        HTTP_X_DATADOG_PARENT_ID="6",
        HTTP_X_DATADOG_SAMPLING_PRIORITY="2",
    )
