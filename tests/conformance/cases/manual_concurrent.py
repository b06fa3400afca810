"""The tracer's own interface across threads, pools, tasks and generators."""

import asyncio
import concurrent.futures
import contextvars
import threading

from ddtrace.trace import tracer


def work(name):
    with tracer.trace(name) as span:
        return span.parent_id is not None


with tracer.trace("threads"):
    thread = threading.Thread(target=work, args=("in a thread",))
    thread.start()
    thread.join()
    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(work, "in a copied context"))
    thread.start()
    thread.join()

with tracer.trace("pool"):
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        print(pool.submit(work, "submitted").result())
        print(list(pool.map(work, ["mapped 1", "mapped 2"])))


@tracer.wrap("coroutine")
async def coroutine(value):
    await asyncio.sleep(0)
    with tracer.trace("in coroutine"):
        await asyncio.sleep(0)
    return value


@tracer.wrap()
async def stream(count):
    for number in range(count):
        yield number


@tracer.wrap()
async def failing():
    raise LookupError("in a task")


async def main():
    with tracer.trace("main"):
        print(await coroutine(1))
        task = asyncio.create_task(coroutine(2))
        print(await task)
        print([value async for value in stream(3)])
        try:
            await failing()
        except LookupError as error:
            print(error)
        print(await asyncio.to_thread(work, "to thread"))
        loop = asyncio.get_running_loop()
        print(await loop.run_in_executor(None, work, "executor"))
        done = asyncio.Event()
        loop.call_soon(lambda: (work("called soon"), done.set()))
        await done.wait()
    print(tracer.current_span())


asyncio.run(main())


def values():
    with tracer.trace("around yields"):
        yield 1
        yield 2


with tracer.trace("consumer"):
    for value in values():
        print(value, tracer.current_span().name)
print(asyncio.iscoroutinefunction(coroutine), coroutine.__name__)
