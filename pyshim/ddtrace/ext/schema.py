"""Names of tags and spans: schema."""

SCHEMA_DEFINITION = "schema.definition"
SCHEMA_WEIGHT = "schema.weight"
SCHEMA_TYPE = "schema.type"
SCHEMA_ID = "schema.id"
SCHEMA_TOPIC = "schema.topic"
SCHEMA_OPERATION = "schema.operation"
SCHEMA_NAME = "schema.name"
