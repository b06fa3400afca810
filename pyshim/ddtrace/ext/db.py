"""Tags of databases."""

NAME = "db.name"
USER = "db.user"
SYSTEM = "db.system"
ROWCOUNT = "db.row_count"
STATUS_CODE = "db.response.status_code"
