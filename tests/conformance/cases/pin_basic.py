"""Pins: a service and tags for what one object does, and objects that take no attributes."""

import sqlite3

import kombu
from ddtrace._trace.pin import Pin

connection = sqlite3.connect(":memory:").cursor()
print(Pin.get_from(connection))
Pin.override(connection, service="pinned", tags={"a": "b"})
print(Pin.get_from(connection).service, Pin.get_from(connection).tags)
Pin.override(connection, tags={"c": "d"})
print(Pin.get_from(connection).service, Pin.get_from(connection).tags)


with kombu.Connection("memory://") as broker:
    producer = broker.Producer()
    Pin.override(producer, service="pinned-producer", tags={"pinned": "yes"})
    exchange = kombu.Exchange("exchange")
    queue = kombu.Queue("queue", exchange=exchange, routing_key="key")
    with broker.Consumer(queue, callbacks=[lambda _, message: message.ack()]) as consumer:
        Pin.override(consumer, service="pinned-consumer")
        producer.publish("text", exchange=exchange, routing_key="key", declare=[queue])
        broker.drain_events(timeout=5)
