"""psycopg2: connections, cursors, transactions, types, errors."""

import os

import psycopg2
import psycopg2.extensions
import psycopg2.extras

address = f"host=127.0.0.1 port={os.environ['POSTGRES_PORT']} user=case dbname=cases"


def show(label, call):
    try:
        print(label, call())
    except Exception as error:
        print(label, "raises", type(error).__name__, str(error).splitlines()[0])


connection = psycopg2.connect(address)
print(type(connection) is psycopg2.extensions.connection)
cursor = connection.cursor()
print(type(cursor) is psycopg2.extensions.cursor, cursor.connection is connection)
cursor.execute("CREATE TABLE people (id serial PRIMARY KEY, name text, about json)")
cursor.execute("INSERT INTO people (name) VALUES (%s)", ("ann",))
print(cursor.rowcount)
cursor.executemany("INSERT INTO people (name) VALUES (%s)", [("bob",), ("cid",)])
connection.commit()
cursor.execute("SELECT id, name FROM people WHERE id > %(low)s ORDER BY id", {"low": 0})
print(cursor.fetchone(), cursor.fetchmany(1), cursor.fetchall())
psycopg2.extensions.register_type(psycopg2.extensions.UNICODE, connection)
psycopg2.extensions.register_type(psycopg2.extensions.UNICODE, cursor)
print(psycopg2.extensions.quote_ident('a"b', connection), psycopg2.extensions.quote_ident("c", cursor))
psycopg2.extras.register_uuid(conn_or_curs=connection)
psycopg2.extras.register_default_json(connection)
print(psycopg2.extensions.adapt("text").getquoted())
psycopg2.extras.execute_values(cursor, "INSERT INTO people (name) VALUES %s", [("dan",), ("eve",)])
psycopg2.extras.execute_batch(cursor, "INSERT INTO people (name) VALUES (%s)", [("fay",)])
show("callproc", lambda: cursor.callproc("pg_backend_pid") is None)
show("bytes", lambda: cursor.execute(b"SELECT 1"))
with connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as rows:
    rows.execute("SELECT name FROM people WHERE id = 1")
    print(dict(rows.fetchone()))
    print([dict(row) for row in rows])
with connection:
    cursor.execute("SELECT 2")
show("syntax", lambda: cursor.execute("SELEC"))
connection.rollback()
show("missing", lambda: cursor.execute("SELECT * FROM missing"))
connection.rollback()
with connection.cursor("named") as named:
    named.execute("SELECT generate_series(1, 3)")
    print(named.fetchall())


class Own(psycopg2.extensions.connection):
    pass


own = psycopg2.connect(address, connection_factory=Own)
print(type(own) is Own)
own.cursor().execute("SELECT 3")
own.close()
show("closed", lambda: own.cursor())
connection.close()
show("closed cursor", lambda: cursor.execute("SELECT 4"))
show("refused", lambda: psycopg2.connect("host=127.0.0.1 port=1 user=case dbname=cases"))
