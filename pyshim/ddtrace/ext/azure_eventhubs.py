"""Names of tags and spans: azure_eventhubs."""

CLOUD = "azure"
SERVICE = "eventhubs"
SEND = "send"
CREATE = "create"
RECEIVE = "receive"
