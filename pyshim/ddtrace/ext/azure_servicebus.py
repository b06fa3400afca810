"""Names of tags and spans: azure_servicebus."""

CLOUD = "azure"
SERVICE = "servicebus"
SEND = "send"
CREATE = "create"
RECEIVE = "receive"
