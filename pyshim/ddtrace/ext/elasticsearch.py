"""Names of tags and spans: elasticsearch."""

SERVICE = "elasticsearch"
APP = "elasticsearch"
URL = "elasticsearch.url"
METHOD = "elasticsearch.method"
TOOK = "elasticsearch.took"
PARAMS = "elasticsearch.params"
BODY = "elasticsearch.body"
