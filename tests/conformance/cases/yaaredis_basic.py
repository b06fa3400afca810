"""yaaredis: commands, errors, a pipeline and a transaction."""

import asyncio
import os
import warnings

warnings.simplefilter("ignore")

import yaaredis  # noqa: E402


async def main():
    client = yaaredis.StrictRedis(host="127.0.0.1", port=int(os.environ["REDIS_PORT"]), db=1)
    print(await client.set("a", "1"), await client.get("a"), await client.get("none"))
    print(await client.execute_command("SET", "long", "x" * 300), await client.mget("a", "none"))
    await client.hset("h", "f", "v")
    print(await client.hgetall("h"), await client.delete("h"))
    try:
        await client.lpush("a", "x")
    except yaaredis.ResponseError as error:
        print(error)
    async with await client.pipeline(transaction=False) as pipe:
        await pipe.set("b", "2")
        await pipe.get("b")
        await pipe.rpush("list", 1)
        print(await pipe.execute())
    async with await client.pipeline(transaction=True) as pipe:
        await pipe.incr("n")
        print(await pipe.execute())
        print(await pipe.execute())
    async with await client.pipeline() as pipe:
        await pipe.watch("n")
        print(await pipe.get("n"))
    far = yaaredis.StrictRedis(host="127.0.0.1", port=1)
    try:
        await far.get("a")
    except yaaredis.ConnectionError as error:
        print(type(error).__name__)
    client.connection_pool.disconnect()


asyncio.run(main())
