"""Names of tags and spans: mongo."""

SERVICE = "mongodb"
COLLECTION = "mongodb.collection"
DB = "mongodb.db"
QUERY = "mongodb.query"
