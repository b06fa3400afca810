"""pymysql: connections, cursors, transactions, errors."""

import os

import pymysql

PLACE = {"host": "127.0.0.1", "port": int(os.environ["MARIADB_PORT"]), "user": "root", "database": "cases"}


def show(label, call):
    try:
        print(label, call())
    except Exception as error:
        print(label, "raises", type(error).__name__)


connection = pymysql.connect(**PLACE)
cursor = connection.cursor()
print(type(connection).__name__, type(cursor).__name__)
cursor.execute("CREATE TABLE people (id integer PRIMARY KEY AUTO_INCREMENT, name varchar(20))")
cursor.execute("INSERT INTO people (name) VALUES (%s)", ("ann",))
print(cursor.rowcount)
cursor.executemany("INSERT INTO people (name) VALUES (%s)", [("bob",), ("cid",)])
print(cursor.rowcount)
connection.commit()
cursor.execute("SELECT id, name FROM people WHERE id > %(low)s ORDER BY id", {"low": 0})
print(cursor.fetchone(), cursor.fetchmany(1), cursor.fetchall())
cursor.execute("SELECT name FROM people ORDER BY id")
for row in cursor:
    print(row)
show("syntax", lambda: cursor.execute("SELEC"))
show("missing", lambda: cursor.execute("SELECT * FROM missing"))
connection.rollback()
cursor.execute("CREATE PROCEDURE twice (IN x int) SELECT 2 * x")
show("callproc", lambda: list(cursor.callproc("twice", (2,))))
cursor.fetchall()
while cursor.nextset():
    pass
cursor.close()
with connection.cursor(pymysql.cursors.DictCursor) as rows:
    rows.execute("SELECT name FROM people WHERE id = 1")
    print(rows.fetchone())
with connection.cursor(pymysql.cursors.SSCursor) as rows:
    rows.execute("SELECT name FROM people")
    print(rows.fetchall())
with pymysql.connect(**PLACE) as other, other.cursor() as rows:
    rows.execute(b"SELECT 3")
    print(rows.fetchone())
connection.close()
show("closed", lambda: connection.cursor().execute("SELECT 4"))
show("refused", lambda: pymysql.connect(**{**PLACE, "port": 1}))
