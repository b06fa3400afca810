"""MySQLdb: connections, cursors, transactions, errors."""

import os

import MySQLdb
import MySQLdb.cursors

PLACE = {"host": "127.0.0.1", "port": int(os.environ["MARIADB_PORT"]), "user": "root", "db": "cases"}


def show(label, call):
    try:
        print(label, call())
    except Exception as error:
        print(label, "raises", type(error).__name__)


connection = MySQLdb.connect(**PLACE)
print(type(connection) is MySQLdb.connections.Connection)
cursor = connection.cursor()
print(type(cursor).__name__)
cursor.execute("CREATE TABLE people (id integer PRIMARY KEY AUTO_INCREMENT, name varchar(20))")
print(cursor.execute("INSERT INTO people (name) VALUES (%s)", ("ann",)), cursor.rowcount)
print(cursor.executemany("INSERT INTO people (name) VALUES (%s)", [("bob",), ("cid",)]))
connection.commit()
cursor.execute("SELECT id, name FROM people WHERE id > %(low)s ORDER BY id", {"low": 0})
print(cursor.fetchone(), cursor.fetchmany(1), cursor.fetchall())
show("syntax", lambda: cursor.execute("SELEC"))
show("missing", lambda: cursor.execute("SELECT * FROM missing"))
connection.rollback()
cursor.execute("CREATE PROCEDURE twice (IN x int) SELECT 2 * x")
show("callproc", lambda: list(cursor.callproc("twice", (2,))))
cursor.fetchall()
while cursor.nextset():
    pass
cursor.close()
with connection.cursor(MySQLdb.cursors.DictCursor) as rows:
    rows.execute("SELECT name FROM people WHERE id = 1")
    print(rows.fetchone())
connection.close()
show("closed", lambda: connection.cursor().execute("SELECT 4"))
other = MySQLdb.Connection(**PLACE)
other.cursor().execute("SELECT 5")
other.close()
show("refused", lambda: MySQLdb.connect(**{**PLACE, "port": 1}))
