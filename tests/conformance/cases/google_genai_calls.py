"""google-genai: contents as a whole and in pieces, embeddings, failures, synchronous and asynchronous."""

import asyncio
import logging
import sys
import warnings

from model_provider import providing, tellers

sys.path.pop(0)  # there is a websockets.py
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)  # old versions leave connections open
from google import genai
from google.genai import errors, types

MODEL = "gemini-next"
tell, tell_later = tellers(errors.ClientError, lambda error: error.code)


def calls(client):
    models = client.models
    tell("text", lambda: models.generate_content(model=MODEL, contents="Hi"))
    tell("path", lambda: models.generate_content(model="publishers/other/models/word", contents="Hi"))
    config = types.GenerateContentConfig(temperature=0.5, max_output_tokens=9, system_instruction="Be short")
    tell("config", lambda: models.generate_content(model="models/" + MODEL, contents=["a", "b"], config=config))
    tell("bad", lambda: models.generate_content(model="bad", contents="Hi"))
    print([piece.text for piece in models.generate_content_stream(model=MODEL, contents="Hi")])
    dropped = models.generate_content_stream(model=MODEL, contents="Hi")
    print(next(dropped).text)
    dropped.close()
    del dropped
    tell("bad stream", lambda: list(models.generate_content_stream(model="bad", contents="Hi")))
    tell("embed", lambda: models.embed_content(model="embed-1", contents=["a", "b"]))
    tell("bad embed", lambda: models.embed_content(model="bad", contents="a"))
    chat = client.chats.create(model=MODEL)
    tell("chat", lambda: chat.send_message("Hi"))


async def all_of(stream):
    return [piece.text async for piece in await stream]


async def async_calls(client):
    models = client.aio.models
    await tell_later("later", models.generate_content(model=MODEL, contents="Hi"))
    await tell_later("later bad", models.generate_content(model="bad", contents="Hi"))
    print(await all_of(models.generate_content_stream(model=MODEL, contents="Hi")))
    await tell_later("later bad stream", all_of(models.generate_content_stream(model="bad", contents="Hi")))
    await tell_later("later embed", models.embed_content(model="embed-1", contents="a"))


with providing() as url:
    options = types.HttpOptions(base_url=url.removesuffix("/v1"))
    client = genai.Client(api_key="secret", http_options=options)
    calls(client)
    asyncio.run(async_calls(client))
