"""Tags of SQL."""

DB = "sql.db"
