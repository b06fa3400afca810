"""FastAPI: routers, dependencies, validation, errors, background tasks."""

import sys

from asgi_client import request, run
from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, HTTPException
from pydantic import BaseModel

app = FastAPI()
router = APIRouter(prefix="/router")
inner = FastAPI()


class Item(BaseModel):
    name: str
    price: float = 1.5


def dependency(q: str = "none"):
    return q


@app.get("/")
async def index():
    return {"hello": "you"}


@app.get("/thread")
def in_thread():
    return "thread"


@app.get("/items/{number}")
async def item(number: int, q: str = Depends(dependency)) -> Item:
    return Item(name=q, price=number)


@app.post("/items")
async def create(item: Item):
    return item


@app.get("/fails")
async def fails():
    raise ValueError("this page fails")


@app.get("/gone")
async def gone():
    raise HTTPException(410, "gone")


async def work(word):
    print("works", word)


@app.get("/background")
async def background(tasks: BackgroundTasks):
    tasks.add_task(work, "later")
    return "soon"


@router.get("/page/{name}")
async def page(name: str):
    return name


@inner.get("/deep/{word}")
async def deep(word: str):
    return word


app.include_router(router, prefix="/api")
app.mount("/inner", inner)

if __name__ == "__main__" and "tasks" in sys.argv:
    run(request(app, "/background"))
elif __name__ == "__main__":
    urls = ["/", "/thread", "/items/7?q=a", "/items/x", "/fails", "/gone"]
    if "few" in sys.argv:
        urls.remove("/fails")
    json = [(b"content-type", b"application/json")]
    run(
        *(request(app, url) for url in urls),
        request(app, "/items", "POST", json, b'{"name": "n"}'),
        request(app, "/items", "POST", json, b"[]"),
        request(app, "/api/router/page/one"),
        request(app, "/inner/deep/two"),
        request(app, "/none"),
    )
