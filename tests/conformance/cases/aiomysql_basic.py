"""aiomysql: connections, pools, cursors, transactions, errors."""

import asyncio
import os

import aiomysql

PLACE = {"host": "127.0.0.1", "port": int(os.environ["MARIADB_PORT"]), "user": "root", "db": "cases"}


async def show(label, awaitable):
    try:
        print(label, await awaitable)
    except Exception as error:
        print(label, "raises", type(error).__name__)


async def main():
    connection = await aiomysql.connect(**PLACE)
    print(type(connection).__name__, connection.db)
    cursor = await connection.cursor()
    await cursor.execute("CREATE TABLE people (id integer PRIMARY KEY AUTO_INCREMENT, name varchar(20))")
    print(await cursor.execute("INSERT INTO people (name) VALUES (%s)", ("ann",)), cursor.rowcount)
    print(await cursor.executemany("INSERT INTO people (name) VALUES (%s)", [("bob",), ("cid",)]))
    await connection.commit()
    await cursor.execute("SELECT id, name FROM people WHERE id > %(low)s ORDER BY id", {"low": 0})
    print(await cursor.fetchone(), await cursor.fetchmany(1), await cursor.fetchall())
    await show("syntax", cursor.execute("SELEC"))
    await show("missing", cursor.execute("SELECT * FROM missing"))
    await connection.rollback()
    await cursor.execute("CREATE PROCEDURE twice (IN x int) SELECT 2 * x")
    await show("callproc", cursor.callproc("twice", (2,)))
    print(await cursor.fetchall())
    await cursor.close()
    async with connection.cursor(aiomysql.DictCursor) as rows:
        await rows.execute("SELECT name FROM people WHERE id = 1")
        print(await rows.fetchone())
        async for row in rows:
            print(row)
    connection.close()
    await show("refused", aiomysql.connect(**{**PLACE, "port": 1}))


asyncio.run(main())
