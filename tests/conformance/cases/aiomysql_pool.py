"""aiomysql: connections of a pool."""

import asyncio
import os

import aiomysql

PLACE = {"host": "127.0.0.1", "port": int(os.environ["MARIADB_PORT"]), "user": "root", "db": "cases"}


async def main():
    async with aiomysql.create_pool(**PLACE, minsize=1, maxsize=1) as pool:
        async with pool.acquire() as pooled, pooled.cursor() as rows:
            await rows.execute("SELECT 8")
            print(await rows.fetchone())


asyncio.run(main())
