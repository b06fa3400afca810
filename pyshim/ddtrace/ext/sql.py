"""Tags of SQL."""

from __future__ import annotations

DB = "sql.db"

#: Parsers of the drivers, when there are any.
use_psycopg2_parse_dsn = None
use_psycopg3_parse_dsn = None


def normalize_vendor(vendor: str | None) -> str:
    """What a driver's database is called in the names of spans."""
    if not vendor:
        return "db"
    if "sqlite" in vendor:
        return "sqlite"
    if "postgres" in vendor or vendor == "psycopg2":
        return "postgres"
    return vendor


def parse_pg_dsn(dsn: str) -> dict[str, str]:
    """The parts of "host=h dbname=d"; empty for what cannot be read."""
    if not isinstance(dsn, str):
        return {}
    parts = {}
    for piece in dsn.split():
        key, equals, value = piece.partition("=")
        if not equals:
            return {}
        parts[key] = value
    return parts
