"""valkey: commands, pipelines and errors, synchronous and asyncio."""

import asyncio
import os

import valkey
import valkey.asyncio

PORT = int(os.environ["REDIS_PORT"])


def show(label, call):
    try:
        print(label, call())
    except Exception as error:
        print(label, "raises", type(error).__name__, error)


client = valkey.Valkey(host="127.0.0.1", port=PORT, db=1)
show("set", lambda: client.set("cheese", "camembert"))
show("get", lambda: client.get("cheese"))
show("missing", lambda: client.get("nothing"))
show("mget", lambda: client.mget("cheese", "nothing", b"bytes", 5))
show("long", lambda: client.set("long", "x" * 2000))
show("many", lambda: client.rpush("list", *range(300)))
show("range", lambda: client.lrange("list", 0, 2))
show("wrong type", lambda: client.lpush("cheese", "x"))
show("unicode", lambda: client.set("käse", "crème"))
with client.pipeline() as pipe:
    pipe.set("a", 1).get("a").incr("a")
    show("pipeline", pipe.execute)
    show("empty pipeline", pipe.execute)
with client.pipeline() as pipe:
    pipe.watch("a")
    show("immediate", lambda: pipe.get("a"))
    pipe.multi()
    pipe.set("a", 5)
    show("watched", pipe.execute)
strict = valkey.StrictValkey.from_url(f"valkey://127.0.0.1:{PORT}/0", client_name="me")
show("other database", lambda: strict.get("cheese"))
client.close()
show("refused", lambda: valkey.Valkey(host="127.0.0.1", port=1, retry=None).get("x"))


async def main():
    client = valkey.asyncio.Valkey(host="127.0.0.1", port=PORT)
    print(await client.set("cheese", "camembert"), await client.get("cheese"))
    try:
        await client.lpush("cheese", "x")
    except valkey.ResponseError as error:
        print(error)
    async with client.pipeline() as pipe:
        print(await pipe.set("a", 1).get("a").execute())
    async with client.pipeline(transaction=True) as pipe:
        await pipe.watch("a")
        print(await pipe.get("a"))
    await client.aclose()


asyncio.run(main())
