"""kombu below a span with a service of its own: what is published and received has it too."""

import kombu
from ddtrace.trace import tracer

exchange = kombu.Exchange("exchange")
queue = kombu.Queue("queue", exchange=exchange, routing_key="key")
with kombu.Connection("memory://") as broker:
    producer = broker.Producer()
    with broker.Consumer(queue, callbacks=[lambda _, message: message.ack()]):
        with tracer.trace("around", service="jobs"):
            producer.publish("text", exchange=exchange, routing_key="key", declare=[queue])
            broker.drain_events(timeout=5)
        producer.publish("alone", exchange=exchange, routing_key="key")
        broker.drain_events(timeout=5)
