"""FastAPI: parameters with converters in routes of the application and of included routers."""

import asyncio

import httpx
from fastapi import APIRouter, FastAPI

app = FastAPI()
outer, inner = APIRouter(prefix="/outer"), APIRouter(prefix="/inner")


@app.get("/files/{name:path}")
async def file(name):
    return name


@inner.get("/number/{number:int}")
async def number(number: int):
    return number


@outer.get("/{kind}/{rest:path}")
async def rest(kind, rest):
    return rest


app.include_router(inner, prefix="/{version}")
app.include_router(outer)


async def main():
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
        for address in "/files/a/b", "/v1/inner/number/5", "/outer/a/b/c":
            print(address, (await client.get(address)).status_code)


asyncio.run(main())
