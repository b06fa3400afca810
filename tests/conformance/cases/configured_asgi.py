"""FastAPI, told not to continue the traces of requests, and then to."""

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
