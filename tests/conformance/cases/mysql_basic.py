"""mysql.connector: connections, cursors, transactions, errors."""

import os

import mysql.connector

PLACE = {"host": "127.0.0.1", "port": int(os.environ["MARIADB_PORT"]), "user": "root", "database": "cases"}


def show(label, call):
    try:
        print(label, call())
    except Exception as error:
        print(label, "raises", type(error).__name__)


connection = mysql.connector.connect(**PLACE, use_pure=True)
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
print(cursor.fetchall())
show("syntax", lambda: cursor.execute("SELEC"))
show("missing", lambda: cursor.execute("SELECT * FROM missing"))
connection.rollback()
cursor.execute("CREATE PROCEDURE twice (IN x int) SELECT 2 * x")
show("callproc", lambda: list(cursor.callproc("twice", (2,))))
for result in cursor.stored_results():
    print(result.fetchall())
cursor.close()
with connection.cursor(dictionary=True) as rows:
    rows.execute("SELECT name FROM people WHERE id = 1")
    print(rows.fetchone())
with connection.cursor(buffered=True) as rows:
    rows.execute("SELECT name FROM people")
    print(rows.fetchall())
with mysql.connector.connect(**PLACE, use_pure=True) as other, other.cursor() as rows:
    rows.execute("SELECT 3")
    print(rows.fetchone())
connection.close()
show("closed", lambda: connection.cursor().execute("SELECT 4"))
show("refused", lambda: mysql.connector.connect(**{**PLACE, "port": 1}))
nowhere = {key: value for key, value in PLACE.items() if key != "database"}
with mysql.connector.connect(**nowhere) as other, other.cursor() as rows:
    rows.execute("SELECT 5")
    print(rows.fetchone())
