"""openai: the asynchronous client, and what the address says of the provider."""

import asyncio
import io

import openai
from model_provider import providing
from ddtrace.trace import tracer
M=[{"role":"user","content":"Hi"}]
async def main(url):
    c=openai.AsyncOpenAI(api_key="sk-secretkey1234", base_url=url, max_retries=0)
    r=await c.chat.completions.create(model="gpt-4o", messages=M); print(type(r).__name__)
    s=await c.chat.completions.create(model="gpt-4o", messages=M, stream=True, stream_options={"include_usage": True})
    print([x.model async for x in s])
    try: await c.chat.completions.create(model="bad", messages=M)
    except openai.NotFoundError as e: print(e.status_code)
    r=await c.embeddings.create(model="e", input=["a","b"]); print(type(r).__name__)
    with tracer.trace("parent", service="svc"):
        r=await c.models.list(); print(type(r).__name__)
    if hasattr(c,"responses"):
        s=await c.responses.create(model="gpt-4o", input="Hi", stream=True); print([e.type async for e in s])
        r=await c.responses.parse(model="gpt-4o", input="Hi"); print(type(r).__name__)
    async with await c.chat.completions.create(model="gpt-4o", messages=M, stream=True, stream_options={"include_usage": True}) as s:
        async for x in s: pass
with providing() as url:
    asyncio.run(main(url))
    for name in ("azure","deepseek"):
        c=openai.OpenAI(api_key="k", base_url=url.replace("/v1","/"+name), max_retries=0)
        c.embeddings.create(model="e", input="a")
    c=openai.AzureOpenAI(api_key="k", azure_endpoint=url, api_version="1", max_retries=0)
    c.embeddings.create(model="e", input="a")
    c=openai.OpenAI(api_key="k", base_url=url)
    f=io.BytesIO(b"{}"); f.name="/tmp/name.jsonl"
    c.files.create(file=f, purpose="fine-tune")
    c.models.retrieve(model="gpt-4")
