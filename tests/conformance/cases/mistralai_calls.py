"""mistralai: chats as a whole and in pieces, embeddings, failures, synchronous and asynchronous."""

import asyncio

from mistralai.client import Mistral, errors
from model_provider import providing

ASKED = {"model": "mistral-next", "messages": [{"role": "user", "content": "Hi"}]}
BAD = {**ASKED, "model": "bad"}


def tell(label, call):
    try:
        answer = call()
        print(label, type(answer).__name__)
        return answer
    except errors.SDKError as error:
        print(label, "!", error.status_code)


def calls(client):
    tell("chat", lambda: client.chat.complete(**ASKED, temperature=0.5))
    tell("bad", lambda: client.chat.complete(**BAD))
    with client.chat.stream(**ASKED) as pieces:
        print([piece.data.choices[0].delta.content for piece in pieces])
    stream = tell("dropped", lambda: client.chat.stream(**ASKED))
    print(next(iter(stream)).data.model)
    stream.response.close()
    del stream
    tell("bad stream", lambda: client.chat.stream(**BAD))
    tell("embed", lambda: client.embeddings.create(model="mistral-embed", inputs=["a", "b"]))
    tell("bad embed", lambda: client.embeddings.create(model="bad", inputs="a"))


async def async_calls(client):
    print(type(await client.chat.complete_async(**ASKED)).__name__)
    try:
        await client.chat.complete_async(**BAD)
    except errors.SDKError as error:
        print("bad !", error.status_code)
    async with await client.chat.stream_async(**ASKED) as pieces:
        print([piece.data.choices[0].delta.content async for piece in pieces])
    try:
        await client.chat.stream_async(**BAD)
    except errors.SDKError as error:
        print("bad stream !", error.status_code)
    print(type(await client.embeddings.create_async(model="mistral-embed", inputs="a")).__name__)


with providing() as url:
    client = Mistral(api_key="secret", server_url=url.removesuffix("/v1"))
    calls(client)
    asyncio.run(async_calls(client))
