"""langchain: models, chains, functions, prompts and tools of langchain_core, with models made here."""

import asyncio
import warnings

warnings.simplefilter("ignore")
from langchain_core.language_models import BaseChatModel, LLM
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from model_provider import tellers

USAGE = {"input_tokens": 5, "output_tokens": 7, "total_tokens": 12}
tell, tell_later = tellers(ValueError, str)


class Talker(BaseChatModel):
    model_name: str = "talk-next"

    @property
    def _llm_type(self):
        return "talker"

    def _generate(self, messages, stop=None, run_manager=None, **options):
        if messages[-1].content == "bad":
            raise ValueError("no such word")
        message = AIMessage(content="Hello", usage_metadata=USAGE)
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(self, messages, stop=None, run_manager=None, **options):
        if messages[-1].content == "bad":
            raise ValueError("no such word")
        yield ChatGenerationChunk(message=AIMessageChunk(content="Hel"))
        yield ChatGenerationChunk(message=AIMessageChunk(content="lo", usage_metadata=USAGE))


class Writer(LLM):
    model: str = "write-next"

    @property
    def _llm_type(self):
        return "writer"

    def _call(self, prompt, stop=None, run_manager=None, **options):
        if prompt == "bad":
            raise ValueError("no such prompt")
        return "written"


@tool
def add(a: int, b: int) -> int:
    """Adds."""
    return a + b


def calls():
    talker, writer = Talker(), Writer()
    tell("chat", lambda: talker.invoke("Hi"))
    tell("bad chat", lambda: talker.invoke("bad"))
    tell("chats", lambda: talker.generate([[HumanMessage(content="Hi")], [HumanMessage(content="Ho")]]))
    tell("chat stream", lambda: print([piece.content for piece in talker.stream("Hi")]))
    tell("bad stream", lambda: list(talker.stream("bad")))
    tell("text", lambda: writer.invoke("Hi"))
    tell("bad text", lambda: writer.invoke("bad"))
    tell("text stream", lambda: print(list(writer.stream("Hi"))))
    chain = ChatPromptTemplate.from_messages([("human", "{word}")]) | talker | StrOutputParser()
    tell("chain", lambda: chain.invoke({"word": "Hi"}))
    tell("bad chain", lambda: chain.invoke({"word": "bad"}))
    tell("batch", lambda: chain.batch([{"word": "Hi"}], {"max_concurrency": 1}))
    tell("chain stream", lambda: print(list(chain.stream({"word": "Hi"}))))
    tell("function", lambda: RunnableLambda(len).invoke("four"))
    tell("lambda", lambda: RunnableLambda(lambda text: text).invoke("four"))
    tell("functions", lambda: (RunnableLambda(len) | RunnableLambda(abs)).invoke("four"))
    tell("function batch", lambda: RunnableLambda(len).batch(["four"]))
    tell("prompt", lambda: PromptTemplate.from_template("{a}").invoke({"a": 1}))
    tell("tool", lambda: add.invoke({"a": 1, "b": 2}))


async def async_calls():
    talker, writer = Talker(), Writer()
    await tell_later("later", talker.ainvoke("Hi"))
    await tell_later("later bad", talker.ainvoke("bad"))
    print([piece.content async for piece in talker.astream("Hi")])
    await tell_later("later text", writer.ainvoke("Hi"))
    chain = ChatPromptTemplate.from_messages([("human", "{word}")]) | talker | StrOutputParser()
    print(await chain.ainvoke({"word": "Hi"}))
    print([piece async for piece in chain.astream({"word": "Hi"})])
    print(await RunnableLambda(lambda text: text).abatch(["four"]))
    print(await add.ainvoke({"a": 1, "b": 2}))


if __name__ == "__main__":
    calls()
    asyncio.run(async_calls())
