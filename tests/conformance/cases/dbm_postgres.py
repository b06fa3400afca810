"""What PostgreSQL is told by the comments of database monitoring."""

import asyncio
import os

import asyncpg
import psycopg
import psycopg2
import psycopg2.extras
import psycopg2.sql
from psycopg import sql

PORT = int(os.environ["POSTGRES_PORT"])
address = f"host=127.0.0.1 port={PORT} user=case dbname=cases"
QUERY = "SELECT current_query()"


def psycopg_2():
    connection = psycopg2.connect(address)
    cursor = connection.cursor()
    cursor.execute(QUERY)
    print(2, cursor.fetchone()[0])
    cursor.execute(QUERY + ", %s", ("a",))
    print(2, cursor.fetchone())
    cursor.execute(QUERY.encode())
    print("bytes", cursor.fetchone()[0])
    cursor.execute(psycopg2.sql.SQL("SELECT current_query() AS {}").format(psycopg2.sql.Identifier("x")))
    print("composed", cursor.fetchone()[0])
    cursor.execute(psycopg2.sql.SQL(QUERY))
    print("sql", cursor.fetchone()[0])
    cursor.execute("CREATE TABLE t (q text)")
    cursor.executemany("INSERT INTO t SELECT current_query() || %s", [("1",), ("2",)])
    cursor.execute("SELECT q FROM t")
    print(cursor.fetchall())
    psycopg2.extras.execute_values(cursor, "INSERT INTO t VALUES %s RETURNING current_query()", [("a",)])
    print("values", cursor.fetchall())
    cursor.callproc("current_query")
    print("callproc", cursor.fetchone())
    connection.close()


def psycopg_3():
    with psycopg.connect(address) as connection, connection.cursor() as cursor:
        cursor.execute(QUERY)
        print(3, cursor.fetchone()[0])
        cursor.execute(QUERY + ", %s", ("a",))
        print(3, cursor.fetchone())
        cursor.execute(QUERY.encode())
        print("bytes", cursor.fetchone()[0])
        cursor.execute(sql.SQL("SELECT current_query() AS {}").format(sql.Identifier("x")))
        print("composed", cursor.fetchone()[0])
        cursor.execute(sql.SQL(QUERY))
        print("sql", cursor.fetchone()[0])
        cursor.execute("CREATE TEMP TABLE t (q text)")
        cursor.executemany("INSERT INTO t SELECT current_query() || %s", [("1",), ("2",)])
        cursor.execute("SELECT q FROM t")
        print(cursor.fetchall())
        print("connection", connection.execute(QUERY).fetchone()[0])


async def asynchronous():
    async with await psycopg.AsyncConnection.connect(address) as connection, connection.cursor() as cursor:
        await cursor.execute(QUERY)
        print("async", (await cursor.fetchone())[0])
    connection = await asyncpg.connect(host="127.0.0.1", port=PORT, user="case", database="cases")
    print("asyncpg", await connection.fetchval(QUERY))
    print("asyncpg", tuple(await connection.fetchrow(QUERY + ", $1::text", "a")))
    await connection.execute("CREATE TEMP TABLE t (q text)")
    await connection.execute("INSERT INTO t VALUES (current_query())")
    await connection.executemany("INSERT INTO t VALUES (current_query() || $1)", [("1",), ("2",)])
    print("asyncpg", [row[0] for row in await connection.fetch("SELECT q FROM t")])
    await connection.close()


psycopg_2()
psycopg_3()
asyncio.run(asynchronous())
