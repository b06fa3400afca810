"""Django: who a request is of, and addresses that lead nowhere."""

import django
from django.conf import settings
from django.http import HttpResponse

settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF="__main__",
    SECRET_KEY="a secret",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"],
    MIDDLEWARE=[
        "__main__.answers",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    LOGGING_CONFIG=None,
)


def answers(get_response):
    def middleware(request):
        if request.path.startswith("/early"):
            return HttpResponse(status=int(request.path[-3:]))
        answer = get_response(request)
        return HttpResponse(status=503) if request.path.startswith("/late") else answer

    return middleware


django.setup()

from django.contrib.auth import login  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import path  # noqa: E402


def enter(request):
    login(request, User.objects.create(username="bob"))
    return HttpResponse("in")


async def later(request):
    return HttpResponse("later")


urlpatterns = [
    path("plain/", lambda request: HttpResponse("plain")),
    path("who/", lambda request: HttpResponse(str(request.user))),
    path("enter/", enter),
    path("later/", later),
]

call_command("migrate", verbosity=0)
client = Client()
for address in "/plain/", "/who/", "/later/", "/plain", "/nowhere", "/early200", "/late503", "/enter/", "/who/":
    answer = client.get(address)
    print(address, answer.status_code, answer.content.decode())
