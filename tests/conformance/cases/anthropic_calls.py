"""anthropic: messages as a whole, as raw answers and in streams, synchronous and asynchronous."""

import asyncio

import anthropic
from model_provider import providing, tellers

M = [{"role": "user", "content": "Hi"}]
ASKED = {"model": "claude-next", "max_tokens": 50, "messages": M}
TOOLS = [{"name": "weather", "description": "", "input_schema": {"type": "object", "properties": {}}}]
tell, tell_later = tellers(anthropic.APIStatusError, lambda error: type(error).__name__)


def calls(client):
    create = client.messages.create
    tell("message", lambda: create(**ASKED, system="Be short"))
    tell("tools", lambda: create(**ASKED, tools=TOOLS))
    tell("bad", lambda: create(**{**ASKED, "model": "bad"}))
    tell("raw", lambda: client.messages.with_raw_response.create(**ASKED)).parse()
    print([event.type for event in create(**ASKED, stream=True)])
    with create(**ASKED, stream=True) as stream:
        print(next(iter(stream)).type)
    dropped = create(**ASKED, stream=True)
    next(iter(dropped))
    dropped.close()
    del dropped
    with client.messages.stream(**ASKED) as stream:
        print(list(stream.text_stream))
        print(stream.get_final_message().usage.output_tokens)
    with client.messages.stream(**ASKED) as stream:
        print([event.type for event in stream])
    with client.messages.stream(**ASKED) as stream:
        stream.until_done()
    try:
        with client.messages.stream(**{**ASKED, "model": "bad"}) as stream:
            stream.until_done()
    except anthropic.NotFoundError as error:
        print("stream !", type(error).__name__)
    try:
        with client.messages.stream(**ASKED) as stream:
            print(next(iter(stream)).type)
            raise ValueError("inside")
    except ValueError as error:
        print("block !", error)
    if hasattr(client, "beta"):
        tell("beta", lambda: client.beta.messages.create(**ASKED))
        print([event.type for event in client.beta.messages.create(**ASKED, stream=True)])
        if hasattr(client.beta.messages, "stream"):
            with client.beta.messages.stream(**ASKED) as stream:
                print(list(stream.text_stream))


async def async_calls(client):
    create = client.messages.create
    await tell_later("later", create(**ASKED))
    await tell_later("later bad", create(**{**ASKED, "model": "bad"}))
    print([event.type async for event in await create(**ASKED, stream=True)])
    async with await create(**ASKED, stream=True) as stream:
        async for event in stream:
            print(event.type)
            break
    async with client.messages.stream(**ASKED) as stream:
        print([text async for text in stream.text_stream])
        print((await stream.get_final_message()).usage.output_tokens)
    try:
        async with client.messages.stream(**{**ASKED, "model": "bad"}) as stream:
            await stream.until_done()
    except anthropic.NotFoundError as error:
        print("stream !", type(error).__name__)
    if hasattr(client, "beta"):
        print(type(await client.beta.messages.create(**ASKED)).__name__)


with providing() as url:
    address = {"api_key": "sk-ant-secret", "base_url": url.removesuffix("/v1"), "max_retries": 0}
    with anthropic.Anthropic(**address) as client:
        calls(client)
    for provider in ("anthropic", "bedrock", "vertex", "google", "aws"):
        client = anthropic.Anthropic(**{**address, "base_url": address["base_url"] + "/" + provider})
        tell(provider, lambda: client.messages.create(**ASKED))

    async def main():
        async with anthropic.AsyncAnthropic(**address) as client:
            await async_calls(client)

    asyncio.run(main())
