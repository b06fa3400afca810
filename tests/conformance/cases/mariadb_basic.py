"""mariadb: connections, cursors, transactions, errors."""

import os

import mariadb

PLACE = {"host": "127.0.0.1", "port": int(os.environ["MARIADB_PORT"]), "user": "root", "database": "cases"}


def show(label, call):
    try:
        print(label, call())
    except Exception as error:
        print(label, "raises", type(error).__name__)


connection = mariadb.connect(**PLACE)
cursor = connection.cursor()
cursor.execute("CREATE TABLE people (id integer PRIMARY KEY AUTO_INCREMENT, name varchar(20))")
cursor.execute("INSERT INTO people (name) VALUES (?)", ("ann",))
print(cursor.rowcount)
cursor.executemany("INSERT INTO people (name) VALUES (?)", [("bob",), ("cid",)])
print(cursor.rowcount)
connection.commit()
cursor.execute("SELECT id, name FROM people WHERE id > ? ORDER BY id", (0,))
print(cursor.fetchone(), cursor.fetchmany(1), cursor.fetchall())
show("syntax", lambda: cursor.execute("SELEC"))
show("missing", lambda: cursor.execute("SELECT * FROM missing"))
connection.rollback()
cursor.execute("CREATE PROCEDURE twice (IN x int) SELECT 2 * x")
show("callproc", lambda: cursor.callproc("twice", (2,)) and None)
cursor.close()
with connection.cursor(dictionary=True) as rows:
    rows.execute("SELECT name FROM people WHERE id = 1")
    print(rows.fetchone())
connection.close()
show("closed", lambda: connection.cursor().execute("SELECT 4"))
show("refused", lambda: mariadb.connect(**{**PLACE, "port": 1}))
