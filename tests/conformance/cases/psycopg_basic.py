"""psycopg 3: connections, cursors, transactions, errors."""

import os

import psycopg
from psycopg import sql

address = f"host=127.0.0.1 port={os.environ['POSTGRES_PORT']} user=case dbname=cases"


def show(label, call):
    try:
        print(label, call())
    except Exception as error:
        print(label, "raises", type(error).__name__, str(error).splitlines()[0])


connection = psycopg.connect(address, application_name="app")
print(type(connection) is psycopg.Connection, connection.info.dbname)
cursor = connection.cursor()
print(type(cursor) is psycopg.Cursor, cursor.connection is connection)
cursor.execute("CREATE TABLE people (id serial PRIMARY KEY, name text)")
print(cursor.execute("INSERT INTO people (name) VALUES (%s)", ("ann",)) is cursor, cursor.rowcount)
cursor.executemany("INSERT INTO people (name) VALUES (%s)", [("bob",), ("cid",)])
print(cursor.rowcount)
connection.commit()
cursor.execute("SELECT id, name FROM people WHERE id > %(low)s ORDER BY id", {"low": 0})
print(cursor.fetchone(), cursor.fetchmany(1), cursor.fetchall())
print(list(connection.execute("SELECT count(*) FROM people")))
query = sql.SQL("SELECT {} FROM people").format(sql.Identifier("name"))
show("composed", lambda: list(cursor.execute(query)))
show("bytes", lambda: list(cursor.execute(b"SELECT 1")))
for row in cursor.execute("SELECT name FROM people ORDER BY id"):
    print(row)
show("syntax", lambda: cursor.execute("SELEC"))
connection.rollback()
show("missing", lambda: cursor.execute("SELECT * FROM missing"))
connection.rollback()
with connection.transaction():
    connection.execute("INSERT INTO people (name) VALUES ('dan')")
with connection.cursor(row_factory=psycopg.rows.dict_row) as rows:
    rows.execute("SELECT name FROM people WHERE id = 1")
    print(rows.fetchone())
with connection.cursor(name="server side") as server:
    server.execute("SELECT generate_series(1, 3)")
    print(server.fetchall())
with connection.cursor() as copying, copying.copy("COPY people (name) FROM STDIN") as copy:
    copy.write_row(("eve",))
with psycopg.Connection.connect(address) as other:
    print(list(other.execute("SELECT 5")))
with connection.pipeline():
    connection.execute("SELECT 6")
connection.commit()


class Own(psycopg.Cursor):
    pass


connection.cursor_factory = Own
own = connection.cursor()
print(type(own) is Own)
own.execute("SELECT 7")
print(own.fetchone())
connection.close()
show("closed", lambda: connection.execute("SELECT 8"))
show("refused", lambda: psycopg.connect("host=127.0.0.1 port=1 user=case dbname=cases"))
