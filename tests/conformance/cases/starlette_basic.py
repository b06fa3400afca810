"""Starlette: routes, mounts, background tasks, errors."""

import sys

from asgi_client import request, run
from starlette.applications import Starlette
from starlette.background import BackgroundTask, BackgroundTasks
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route


async def index(request):
    return PlainTextResponse("index")


def in_thread(request):
    return PlainTextResponse("in a thread")


async def item(request):
    return JSONResponse({"number": request.path_params["number"]})


async def fails(request):
    raise ValueError("this page fails")


async def gone(request):
    raise HTTPException(410)


async def streamed(request):
    async def pieces():
        yield b"a"
        yield b"b"

    return StreamingResponse(pieces())


async def work(word):
    print("works", word)


def plain_work(word):
    print("works plainly", word)


async def background(request):
    return PlainTextResponse("later", background=BackgroundTask(work, "one"))


async def backgrounds(request):
    tasks = BackgroundTasks()
    tasks.add_task(work, "first")
    tasks.add_task(plain_work, "second")
    return PlainTextResponse("later", background=tasks)


class Passing(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        return await call_next(request)


inner = Starlette(routes=[Route("/deep/{word}", index), Route("/", index)])
app = Starlette(
    routes=[
        Route("/", index),
        Route("/thread", in_thread),
        Route("/items/{number:int}", item),
        Route("/fails", fails),
        Route("/gone", gone),
        Route("/streamed", streamed),
        Route("/background", background),
        Route("/backgrounds", backgrounds),
        Mount("/mount", routes=[Route("/page/{name}", index)]),
        Mount("/inner", app=inner),
    ],
    middleware=[Middleware(Passing)],
)

if __name__ == "__main__":
    urls = ["/", "/thread", "/items/7?token=abc", "/fails", "/gone", "/streamed", "/background"]
    urls += ["/backgrounds", "/mount/page/x", "/inner/deep/y", "/inner/", "/none", "/inner/none"]
    if "few" in sys.argv:
        urls = [url for url in urls if url != "/fails"]
    if "quick" in sys.argv:  # an old Starlette ends what runs behind an answer when it takes long
        urls = [url for url in urls if not url.startswith("/background")]
    run(*(request(app, url) for url in urls), request(app, "/", "POST"))
