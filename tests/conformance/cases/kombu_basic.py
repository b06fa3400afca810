"""kombu: published and received messages."""

import os
import socket

import kombu

received = []


def receive(body, message):
    received.append(body)
    print(body, "mine" in message.headers)
    message.ack()


exchange = kombu.Exchange("media", "direct", durable=False)
queue = kombu.Queue("video", exchange=exchange, routing_key="video", durable=False)
with kombu.Connection(os.environ["BROKER"]) as connection:
    producer = connection.Producer(serializer="json")
    with connection.Consumer(queue, callbacks=[receive]):
        producer.publish({"name": "one"}, exchange=exchange, routing_key="video", declare=[queue])
        connection.drain_events(timeout=20)
        producer.publish("two", exchange=exchange, routing_key="video", headers={"mine": "1"})
        connection.drain_events(timeout=20)
    simple = connection.SimpleQueue("simple")
    simple.put({"n": 3}, headers={"mine": "2"})
    message = simple.get(timeout=20)
    print(message.payload)
    message.ack()
    simple.close()
    try:
        producer.publish(object(), exchange=exchange, routing_key="video", serializer="nothing")
    except Exception as error:
        print(type(error).__name__)
    try:
        connection.drain_events(timeout=0.01)
    except socket.timeout:
        print("nothing more")


def failing(body, message):
    message.ack()
    raise ValueError(body)


with kombu.Connection(os.environ["BROKER"]) as connection:
    with connection.Consumer(queue, callbacks=[failing]):
        connection.Producer().publish("three", exchange=exchange, routing_key="video")
        try:
            connection.drain_events(timeout=20)
        except ValueError as error:
            print("failed", error)
print(received)
