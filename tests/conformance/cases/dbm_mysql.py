"""What MariaDB is told by the comments of database monitoring."""

import asyncio
import os

import aiomysql
import mysql.connector
import pymysql

PLACE = {"host": "127.0.0.1", "port": int(os.environ["MARIADB_PORT"]), "user": "root", "database": "cases"}
QUERY = "SELECT info FROM information_schema.processlist WHERE id = connection_id()"


def use(name, connection):
    cursor = connection.cursor()
    cursor.execute(QUERY)
    print(name, cursor.fetchone()[0])
    cursor.execute(QUERY + " AND %s", (1,))
    print(name, cursor.fetchone()[0])
    cursor.execute("CREATE TEMPORARY TABLE t (q varchar(2000))")
    cursor.executemany("INSERT INTO t (q) VALUES (%s)", [("1",), ("2",)])
    print(name, "many", cursor.statement if hasattr(cursor, "statement") else cursor._executed)
    cursor.callproc("nothing", ())
    connection.close()


def procedure():
    connection = pymysql.connect(**PLACE)
    connection.cursor().execute("CREATE PROCEDURE nothing () SELECT 1")
    connection.close()


async def asynchronous():
    place = {key: value for key, value in PLACE.items() if key != "database"}
    connection = await aiomysql.connect(**place, db="cases")
    cursor = await connection.cursor()
    await cursor.execute(QUERY)
    print("aiomysql", (await cursor.fetchone())[0])
    await cursor.execute("CREATE TEMPORARY TABLE t (q varchar(2000))")
    await cursor.executemany("INSERT INTO t (q) VALUES (%s)", [("1",), ("2",)])
    print("aiomysql", "many", cursor._last_executed)
    connection.close()


procedure()
use("pymysql", pymysql.connect(**PLACE))
use("mysql", mysql.connector.connect(**PLACE, use_pure=True))
use("compiled", mysql.connector.connect(**PLACE))
asyncio.run(asynchronous())
