"""FastAPI, told not to continue the traces of requests, and then to; its spans named, pages hidden."""

import asyncio

from asgi_client import request
from ddtrace import config
from ddtrace.trace import tracer
from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def home():
    print("continued", tracer.current_root_span().trace_id == 5)


parent = [(b"x-datadog-trace-id", b"5"), (b"x-datadog-parent-id", b"6")]
for wanted in (False, True):
    config.fastapi["distributed_tracing"] = wanted
    asyncio.run(request(app, "/", headers=parent))
config.fastapi["request_span_name"] = "api.request"
config.fastapi.http_tag_query_string = False
asyncio.run(request(app, "/?token=s"))
for wanted in (False, True):
    config.fastapi["obfuscate_404_resource"] = wanted
    asyncio.run(request(app, "/unknown"))
