"""redis.asyncio: commands, pipelines, errors."""

import asyncio
import os

import redis.asyncio


async def main():
    client = redis.asyncio.Redis(host="127.0.0.1", port=int(os.environ["REDIS_PORT"]))
    print(await client.set("cheese", "camembert"))
    print(await client.get("cheese"))
    print(await client.mget("cheese", "nothing"))
    print(await asyncio.gather(client.get("cheese"), client.incr("count")))
    try:
        await client.lpush("cheese", "x")
    except redis.ResponseError as error:
        print(error)
    async with client.pipeline() as pipe:
        print(await pipe.set("a", 1).get("a").execute())
    async with client.pipeline(transaction=True) as pipe:
        await pipe.watch("a")
        print(await pipe.get("a"))
        pipe.multi()
        pipe.incr("a")
        print(await pipe.execute())
    try:
        await asyncio.wait_for(client.blpop("nothing", 5), 0.05)
    except asyncio.TimeoutError:
        print("timed out")
    await client.aclose()


asyncio.run(main())
