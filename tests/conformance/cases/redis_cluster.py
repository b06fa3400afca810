"""Clusters: redis_cluster.py redis|valkey commands|pipelines, synchronous and asyncio."""

import asyncio
import importlib
import os
import sys

name = sys.argv[1]
library = importlib.import_module(name)
cluster = importlib.import_module(f"{name}.cluster")
asyncio_cluster = importlib.import_module(f"{name}.asyncio.cluster")
kind = {"redis": "RedisCluster", "valkey": "ValkeyCluster"}[name]
PORT = int(os.environ["REDIS_CLUSTER_PORT"])


def show(label, call):
    try:
        print(label, call())
    except Exception as error:
        print(label, "raises", type(error).__name__)


def commands(client):
    show("set", lambda: client.set("cheese", "camembert"))
    show("get", lambda: client.get("cheese"))
    show("wrong type", lambda: client.lpush("cheese", "x"))
    show("unknown", lambda: client.execute_command("NOSUCHCOMMAND", "a"))


def pipelines(client):
    show("mget", lambda: client.mget_nonatomic("cheese", "nothing"))
    with client.pipeline() as pipe:
        pipe.set("a", 1)
        pipe.get("a")
        show("pipeline", pipe.execute)
        show("empty pipeline", pipe.execute)


async def async_commands(client):
    print(await client.set("cheese", "camembert"), await client.get("cheese"))
    try:
        await client.lpush("cheese", "x")
    except library.ResponseError as error:
        print(error)


async def async_pipelines(client):
    pipe = client.pipeline()
    print(await pipe.set("a", 1).get("a").execute())


client = getattr(cluster, kind)(host="127.0.0.1", port=PORT)
{"commands": commands, "pipelines": pipelines}[sys.argv[2]](client)
client.close()


async def main():
    client = getattr(asyncio_cluster, kind)(host="127.0.0.1", port=PORT)
    await {"commands": async_commands, "pipelines": async_pipelines}[sys.argv[2]](client)
    await client.aclose()


asyncio.run(main())
