"""psycopg 3, asynchronous."""

import asyncio
import os

import psycopg

address = f"host=127.0.0.1 port={os.environ['POSTGRES_PORT']} user=case dbname=cases"


async def main():
    connection = await psycopg.AsyncConnection.connect(address)
    print(type(connection) is psycopg.AsyncConnection)
    async with connection.cursor() as cursor:
        await cursor.execute("CREATE TABLE people (id serial PRIMARY KEY, name text)")
        await cursor.executemany("INSERT INTO people (name) VALUES (%s)", [("ann",), ("bob",)])
        print(cursor.rowcount)
        await cursor.execute("SELECT name FROM people ORDER BY id")
        print(await cursor.fetchone(), await cursor.fetchall())
        try:
            await cursor.execute("SELEC")
        except psycopg.errors.SyntaxError as error:
            print(str(error).splitlines()[0])
    await connection.rollback()
    result = await connection.execute("SELECT 1")
    print(await result.fetchone())
    await connection.commit()
    try:
        await asyncio.wait_for(connection.cursor().execute("SELECT pg_sleep(5)"), 0.05)
    except asyncio.TimeoutError:
        print("timed out")
    await connection.close()


asyncio.run(main())
