"""Names of tags and kinds of spans."""


class SpanTypes:
    """Kinds of work, for `span_type`."""

    AUTH = "auth"
    CACHE = "cache"
    CASSANDRA = "cassandra"
    COSMOS = "cosmosdb"
    ELASTICSEARCH = "elasticsearch"
    GRAPHQL = "graphql"
    GRPC = "grpc"
    HTTP = "http"
    LLM = "llm"
    MONGODB = "mongodb"
    RAY = "ray"
    REDIS = "redis"
    SERVERLESS = "serverless"
    SQL = "sql"
    SYSTEM = "system"
    TEMPLATE = "template"
    TEST = "test"
    VALKEY = "valkey"
    WEB = "web"
    WEBSOCKET = "websocket"
    WORKER = "worker"


class SpanKind:
    """Values of the tag `span.kind`."""

    CLIENT = "client"
    CONSUMER = "consumer"
    INTERNAL = "internal"
    PRODUCER = "producer"
    SERVER = "server"


class SpanLinkKind:
    """Values of the link attribute `link.kind`."""

    EXECUTED = "executed_by"
    RESUMING = "resuming"
