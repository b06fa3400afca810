"""asyncpg: connections, pools, statements, transactions, cursors, errors."""

import asyncio
import os

import asyncpg

PLACE = {"host": "127.0.0.1", "port": int(os.environ["POSTGRES_PORT"]), "user": "case", "database": "cases"}


async def show(label, awaitable):
    try:
        print(label, await awaitable)
    except Exception as error:
        print(label, "raises", type(error).__name__)


async def main():
    connection = await asyncpg.connect(**PLACE)
    print(type(connection).__name__)
    print(await connection.execute("CREATE TABLE people (id serial PRIMARY KEY, name text)"))
    print(await connection.execute("INSERT INTO people (name) VALUES ($1)", "ann"))
    await connection.executemany("INSERT INTO people (name) VALUES ($1)", [("bob",), ("cid",)])
    print([tuple(row) for row in await connection.fetch("SELECT * FROM people ORDER BY id")])
    print(await connection.fetchval("SELECT count(*) FROM people WHERE id > $1", 1))
    print(tuple(await connection.fetchrow("SELECT id FROM people LIMIT 1")))
    statement = await connection.prepare("SELECT name FROM people WHERE id = $1")
    print(await statement.fetchval(1), await statement.fetchval(2))
    async with connection.transaction():
        await connection.execute("UPDATE people SET name = 'dan' WHERE id = 3")
        async for row in connection.cursor("SELECT id FROM people ORDER BY id"):
            print(row["id"])
    await show("syntax", connection.execute("SELEC"))
    await show("missing", connection.fetch("SELECT * FROM missing WHERE id = $1", 1))
    await show("late", connection.execute("SELECT pg_sleep(5)", timeout=0.1))
    await connection.copy_records_to_table("people", records=[(10, "eve")], columns=["id", "name"])
    await connection.close()
    await show("closed", connection.execute("SELECT 1"))
    await show("refused", asyncpg.connect(**{**PLACE, "port": 1}))
    await show("database", asyncpg.connect(**{**PLACE, "database": "nowhere"}))
    async with asyncpg.create_pool(**PLACE, min_size=1, max_size=1) as pool:
        print(await pool.fetchval("SELECT 7"))
        async with pool.acquire() as pooled:
            print(await pooled.fetchval("SELECT 8"))


asyncio.run(main())
