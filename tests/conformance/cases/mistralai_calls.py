"""mistralai: chats as a whole and in pieces, embeddings, failures, synchronous and asynchronous."""

import asyncio

from mistralai.client import Mistral, errors
from model_provider import providing, tellers

ASKED = {"model": "mistral-next", "messages": [{"role": "user", "content": "Hi"}]}
BAD = {**ASKED, "model": "bad"}
tell, tell_later = tellers(errors.SDKError, lambda error: error.status_code)


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
    await tell_later("later", client.chat.complete_async(**ASKED))
    await tell_later("later bad", client.chat.complete_async(**BAD))
    async with await client.chat.stream_async(**ASKED) as pieces:
        print([piece.data.choices[0].delta.content async for piece in pieces])
    await tell_later("later bad stream", client.chat.stream_async(**BAD))
    await tell_later("later embed", client.embeddings.create_async(model="mistral-embed", inputs="a"))


with providing() as url:
    client = Mistral(api_key="secret", server_url=url.removesuffix("/v1"))
    calls(client)
    asyncio.run(async_calls(client))
