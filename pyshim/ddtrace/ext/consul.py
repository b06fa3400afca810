"""Names of tags and spans: consul."""

APP = "consul"
SERVICE = "consul"
CMD = "consul.command"
KEY = "consul.key"
