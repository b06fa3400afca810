"""litellm: completions of chats and texts by name of provider and by a router, whole and in pieces."""

import asyncio
import os
import sys
import warnings

from model_provider import providing, tellers

sys.path.pop(0)  # there is a websockets.py
warnings.simplefilter("ignore")
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # nothing is fetched
import litellm
from litellm import Router

litellm.suppress_debug_info = True
litellm.telemetry = False
litellm.disable_aiohttp_transport = True  # its sessions are never closed
MESSAGES = [{"role": "user", "content": "Hi"}]
tell, tell_later = tellers(litellm.exceptions.NotFoundError, lambda error: type(error).__name__)


def calls(where):
    chat = {"model": "openai/gpt-next", "messages": MESSAGES, **where}
    tell("chat", lambda: litellm.completion(**chat))
    tell("positional", lambda: litellm.completion("gpt-4o", MESSAGES, **where))
    tell("other", lambda: litellm.completion(**{**chat, "model": "together_ai/llama-next"}))
    tell("bad", lambda: litellm.completion(**{**chat, "model": "openai/bad"}))
    pieces = litellm.completion(**chat, stream=True)
    print(type(pieces).__name__, [piece.choices[0].delta.content for piece in pieces])
    pieces = litellm.completion(**chat, stream=True, stream_options={"include_usage": True})
    print([piece.choices[0].delta.content for piece in pieces])
    text = {"model": "text-completion-openai/word-next", "prompt": "Hi", **where}
    tell("text", lambda: litellm.text_completion(**text))


async def async_calls(where):
    chat = {"model": "openai/gpt-next", "messages": MESSAGES, **where}
    await tell_later("later", litellm.acompletion(**chat))
    await tell_later("later bad", litellm.acompletion(**{**chat, "model": "openai/bad"}))
    pieces = await litellm.acompletion(**chat, stream=True)
    print([piece.choices[0].delta.content async for piece in pieces])
    text = {"model": "text-completion-openai/word-next", "prompt": "Hi", **where}
    await tell_later("later text", litellm.atext_completion(**text))


def router_of(where):
    return Router(
        model_list=[{"model_name": "any", "litellm_params": {"model": "openai/gpt-next", **where}}]
    )


with providing() as url:
    where = {"api_base": url, "api_key": "secret", "max_retries": 0}
    calls(where)
    router = router_of(where)
    tell("router", lambda: router.completion(model="any", messages=MESSAGES))

    async def main():
        await async_calls(where)
        print(type(await router.acompletion(model="any", messages=MESSAGES)).__name__)

    asyncio.run(main())
