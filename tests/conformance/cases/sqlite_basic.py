"""sqlite3: connections, cursors, transactions and errors."""

import contextlib
import os
import sqlite3

path = os.path.join(os.environ["SCRATCH"], "data.db")


def show(label, call):
    try:
        print(label, call())
    except Exception as error:
        print(label, "raises", repr(error))


connection = sqlite3.connect(path)
print(isinstance(connection, sqlite3.Connection))
cursor = connection.cursor()
print(isinstance(cursor, sqlite3.Cursor))
cursor.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT)")
cursor.execute("INSERT INTO people (name) VALUES (?)", ("ann",))
print(cursor.lastrowid, cursor.rowcount)
cursor.executemany("INSERT INTO people (name) VALUES (?)", [("bob",), ("cid",), ("dan",)])
print(cursor.rowcount)
connection.commit()
cursor.execute("SELECT id, name FROM people WHERE id > :low ORDER BY id", {"low": 1})
print(cursor.fetchone(), cursor.fetchmany(1), cursor.fetchmany(size=1), cursor.fetchall())
print([column[0] for column in cursor.description])
print(cursor.execute("SELECT 1").fetchone(), list(cursor.execute("SELECT 2")))
print(cursor.execute("SELECT 1") is cursor, cursor.connection is connection)
cursor.executescript("CREATE TABLE a (x); INSERT INTO a VALUES (1);")
print(connection.execute("SELECT count(*) FROM people").fetchone())
connection.executemany("INSERT INTO a VALUES (?)", iter([(2,), (3,)]))
connection.executescript("INSERT INTO a VALUES (4)")
connection.rollback()
connection.row_factory = sqlite3.Row
row = connection.execute("SELECT id, name FROM people").fetchone()
print(row.keys(), row["name"], type(row) is sqlite3.Row)
for row in connection.execute("SELECT name FROM people WHERE name LIKE ?", ("%a%",)):
    print(tuple(row))
connection.text_factory = bytes
connection.create_function("twice", 1, lambda x: 2 * x)
print(tuple(connection.execute("SELECT twice(21), name FROM people LIMIT 1").fetchone()))
with connection:
    connection.execute("INSERT INTO people (name) VALUES ('eve')")
with contextlib.suppress(ZeroDivisionError), connection:
    connection.execute("DELETE FROM people")
    1 / 0
print(connection.in_transaction, connection.total_changes)
show("syntax", lambda: connection.execute("SELEC"))
show("missing", lambda: cursor.execute("SELECT * FROM missing"))
show("unique", lambda: connection.execute("INSERT INTO people VALUES (1, 'x')"))
show("argument", lambda: cursor.execute("SELECT ?", (1, 2)))
show("type", lambda: cursor.execute(5))
connection.rollback()
with sqlite3.connect(":memory:") as copy:
    connection.backup(copy)
    print(copy.execute("SELECT count(*) FROM people").fetchone())
copy.close()


class Own(sqlite3.Connection):
    def word(self):
        return "own"


own = sqlite3.connect(":memory:", factory=Own, isolation_level=None)
print(own.word(), isinstance(own, Own), type(own).__name__)
print(own.execute("SELECT 5").fetchall())
with contextlib.closing(own.cursor()) as other:
    print(other.execute("SELECT 6").fetchall())
own_cursor = own.execute("SELECT 8 UNION SELECT 9")
own_cursor.arraysize = 2
print(own_cursor.fetchmany())
own.close()
show("closed", lambda: own.execute("SELECT 7"))
connection.close()
print(sqlite3.dbapi2.connect is sqlite3.connect)
