"""Parents across tasks, threads and generators, against models that know the answer."""

from conftest import LAUNCHER, NO_AGENT, run

# What is active is also kept in a variable of the program: both must agree at every step.
SCHEDULES = """
import asyncio, concurrent.futures, contextvars, functools, random, sys
from ddtrace.trace import tracer
model = contextvars.ContextVar("model", default=None)
steps = wrong = 0
def expected():
    # The innermost that is not finished: a task may outlive the span it was made under.
    one = model.get()
    while one is not None and one.finished: one = one.above
    return one
def check():
    global steps, wrong
    steps += 1
    span, one = tracer.current_span(), expected()
    if (span and span.span_id) != (one and one.span.span_id): wrong += 1
class Traced:
    finished = False
    def __enter__(self):
        global wrong
        check()
        self.above = expected()
        self.span = tracer.trace("step")
        if self.span.parent_id != (self.above and self.above.span.span_id): wrong += 1
        self.token = model.set(self)
    def __exit__(self, *error):
        self.span.finish()
        self.finished = True
        check()
async def leaf(random):
    with Traced():
        for _ in range(random.randrange(3)): await asyncio.sleep(0)
        if random.random() < 0.2: raise KeyError
def sync(): 
    with Traced(): pass
async def generator(random):
    for number in range(3):
        check()
        await asyncio.sleep(0)
        yield number
async def work(random, depth):
    with Traced():
        for _ in range(random.randrange(1, 4)):
            choice = random.randrange(7 if depth else 3)
            if choice == 0: await asyncio.sleep(0)
            elif choice == 1: await asyncio.gather(leaf(random), leaf(random), return_exceptions=True)
            elif choice == 2:
                async for _ in generator(random): check()
            elif choice == 3:
                tasks = [asyncio.create_task(work(random, depth - 1)) for _ in range(2)]
                await asyncio.wait(tasks)
            elif choice == 4:
                task = asyncio.create_task(work(random, depth - 1))
                await asyncio.sleep(0)
                task.cancel()
                try: await task
                except asyncio.CancelledError: pass
            elif choice == 5: await asyncio.to_thread(sync)
            else:
                try: await asyncio.wait_for(work(random, depth - 1), 10)
                except KeyError: pass
            check()
async def main():
    for seed in range(int(sys.argv[1])): await work(random.Random(seed), 3)
asyncio.run(main())
check()
print(wrong, steps > 2000)
"""


def test_the_active_span_is_the_models():
    code, out, err = run(LAUNCHER, SCHEDULES, "150", DD_TRACE_AGENT_URL=NO_AGENT)
    assert (code, out) == (0, "0 True\n"), err


# The same operations on a wrapped function and on the function itself.
GENERATORS = """
import asyncio, random
from ddtrace.trace import tracer
def plain(inputs):
    total = 0
    try:
        for number in range(inputs):
            got = yield number
            total += got or 0
            if got == 7: raise LookupError(total)
        return total
    except ValueError: yield "caught"
    finally: total = -1
async def plain_async(inputs):
    total = 0
    try:
        for number in range(inputs):
            got = yield number
            total += got or 0
            await asyncio.sleep(0)
            if got == 7: raise LookupError(total)
    except ValueError: yield "caught"
    finally: total = -1
async def coroutine(fail):
    await asyncio.sleep(0)
    if fail == 1: raise ValueError(fail)
    if fail == 2: raise asyncio.CancelledError
    return fail
def outcome(call):
    try: return "gave", call()
    except BaseException as error: return type(error).__name__, str(error), getattr(error, "value", None)
def drive(function, seed):
    dice = random.Random(seed)
    generator, seen = function(dice.randrange(5)), []
    for _ in range(dice.randrange(1, 8)):
        choice = dice.randrange(6)
        value = dice.choice([None, 3, 7])
        if choice < 3: seen.append(outcome(lambda: next(generator)))
        elif choice == 3: seen.append(outcome(lambda: generator.send(value)))
        elif choice == 4: seen.append(outcome(lambda: generator.throw(dice.choice([ValueError, OSError])("x"))))
        else: seen.append(outcome(generator.close))
    outcome(generator.close)
    return seen
async def async_outcome(make):
    try: return "gave", await make()
    except BaseException as error: return type(error).__name__, str(error)
async def drive_async(function, seed):
    dice = random.Random(seed)
    generator, seen = function(dice.randrange(5)), []
    for _ in range(dice.randrange(1, 8)):
        choice = dice.randrange(6)
        value = dice.choice([None, 3, 7])
        if choice < 3: seen.append(await async_outcome(lambda: generator.__anext__()))
        elif choice == 3: seen.append(await async_outcome(lambda: generator.asend(value)))
        elif choice == 4: seen.append(await async_outcome(lambda: generator.athrow(dice.choice([ValueError, OSError])("x"))))
        else: seen.append(await async_outcome(lambda: generator.aclose()))
    await async_outcome(lambda: generator.aclose())
    return seen
wrapped, wrapped_async, wrapped_coroutine = (tracer.wrap("w")(f) for f in (plain, plain_async, coroutine))
different = [seed for seed in range(1500) if drive(plain, seed) != drive(wrapped, seed)]
async def main():
    for seed in range(600):
        if await drive_async(plain_async, seed) != await drive_async(wrapped_async, seed): different.append(seed)
    for fail in range(3):
        if await async_outcome(lambda: coroutine(fail)) != await async_outcome(lambda: wrapped_coroutine(fail)):
            different.append(fail)
asyncio.run(main())
print(different, tracer.current_span())
"""


def test_wrapped_generators_and_coroutines_do_what_they_did():
    code, out, err = run(LAUNCHER, GENERATORS, DD_TRACE_AGENT_URL=NO_AGENT)
    assert (code, out) == (0, "[] None\n"), err
