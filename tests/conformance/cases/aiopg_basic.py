"""aiopg: connections, pools, cursors, errors."""

import asyncio
import os

import aiopg

ADDRESS = f"host=127.0.0.1 port={os.environ['POSTGRES_PORT']} user=case dbname=cases"


async def show(label, awaitable):
    try:
        print(label, await awaitable)
    except Exception as error:
        print(label, "raises", type(error).__name__)


async def main():
    connection = await aiopg.connect(ADDRESS)
    print(type(connection).__name__)
    cursor = await connection.cursor()
    await cursor.execute("CREATE TABLE people (id serial PRIMARY KEY, name text)")
    await cursor.execute("INSERT INTO people (name) VALUES (%s)", ("ann",))
    print(cursor.rowcount)
    await cursor.execute("SELECT id, name FROM people WHERE id > %(low)s", {"low": 0})
    print(await cursor.fetchone(), await cursor.fetchall())
    await show("callproc", cursor.callproc("pg_backend_pid"))
    await show("syntax", cursor.execute("SELEC"))
    await show("missing", cursor.execute("SELECT * FROM missing"))
    await show("executemany", cursor.executemany("SELECT %s", [(1,)]))
    cursor.close()
    async with connection.cursor() as rows:
        await rows.execute("SELECT name FROM people")
        async for row in rows:
            print(row)
    await connection.close()
    await show("refused", aiopg.connect("host=127.0.0.1 port=1 user=case dbname=cases"))
    async with aiopg.create_pool(ADDRESS, minsize=1, maxsize=1) as pool:
        async with pool.acquire() as pooled, pooled.cursor() as rows:
            await rows.execute("SELECT 8")
            print(await rows.fetchone())


asyncio.run(main())
