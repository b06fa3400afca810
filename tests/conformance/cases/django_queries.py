"""django_queries.py BACKEND: what Django asks its databases."""

from __future__ import annotations

import os
import sys
from typing import Any

import django
from django.conf import settings

BACKENDS: dict[str, dict[str, Any]] = {
    "sqlite": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"},
    "postgres": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "cases",
        "USER": "case",
        "HOST": "127.0.0.1",
        "PORT": os.environ.get("POSTGRES_PORT"),
    },
    "mariadb": {
        "ENGINE": "django.db.backends.mysql",
        "NAME": "cases",
        "USER": "root",
        "HOST": "127.0.0.1",
        "PORT": os.environ.get("MARIADB_PORT"),
    },
}
if sys.argv[1] == "mariadb":
    import pymysql

    pymysql.version_info = (2, 2, 4, "final", 0)
    pymysql.install_as_MySQLdb()

database = BACKENDS[sys.argv[1]]
settings.configure(DATABASES={"default": database, "other": dict(database)}, LOGGING_CONFIG=None)
django.setup()

from django.db import connection, connections, transaction  # noqa: E402

with connection.cursor() as cursor:
    cursor.execute("SELECT 1 + 1")
    print(cursor.fetchone())
    cursor.execute("SELECT %s", ["kept from others"])
    print(cursor.fetchall())
    try:
        cursor.execute("SELECT * FROM nowhere")
    except Exception as error:
        print(type(error).__name__)
with connection.cursor() as cursor:
    cursor.execute("CREATE TABLE numbers (number INT)")
    cursor.executemany("INSERT INTO numbers VALUES (%s)", [[1], [2]])
    cursor.execute("DROP TABLE numbers")
with connections["other"].cursor() as cursor:
    cursor.execute("SELECT 3")
    print(cursor.fetchmany(2))
with transaction.atomic(), connection.cursor() as cursor:
    cursor.execute("SELECT 4")
    print(list(cursor))
