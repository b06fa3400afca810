"""confluent_kafka: produced, polled, consumed and committed messages."""

import os
import sys

import confluent_kafka
from confluent_kafka import Consumer, DeserializingConsumer, Producer, SerializingProducer
from confluent_kafka.serialization import StringDeserializer, StringSerializer

PLACE = {"bootstrap.servers": os.environ["KAFKA"]}


def shown(message):
    headers = sorted(key for key, _ in message.headers() or [] if key in ("mine", "a", "b"))
    return message.topic(), message.key(), message.value(), headers


def poll(consumer):
    return consumer.poll(60)


delivered = []
producer = Producer(PLACE)
print(isinstance(producer, confluent_kafka.Producer))
producer.produce("first", b"plain", partition=0)
producer.produce("first", value=b"keyed", key=b"key", partition=0, headers={"mine": b"1"})
producer.produce("first", "text", key="text key", partition=0, headers={"a": b"1", "b": "2"})
producer.produce("first", None, key="gone", partition=0, callback=lambda e, m: delivered.append(m.key()))
try:
    producer.produce("first", 5)
except Exception as error:
    print(type(error).__name__)
try:
    producer.produce("")
except Exception as error:
    print(type(error).__name__)
print(producer.flush(20), delivered)

settings = {**PLACE, "group.id": "group", "auto.offset.reset": "earliest", "enable.auto.commit": False}
consumer = Consumer(settings)
print(isinstance(consumer, Consumer))
consumer.assign([confluent_kafka.TopicPartition("first", 0, 0)])
messages = [poll(consumer) for _ in range(2)]
messages += consumer.consume(2, timeout=60)
for message in messages:
    print(shown(message))
print(consumer.poll(0))
print(consumer.consume(1, 0))
print(consumer.commit(messages[0], asynchronous=False)[0].offset)
print(consumer.commit(asynchronous=False)[0].offset)
consumer.close()
if not sys.argv[1:]:
    try:
        consumer.poll(0)
    except RuntimeError as error:
        print(error)

serializing = SerializingProducer({**PLACE, "key.serializer": StringSerializer(), "value.serializer": StringSerializer()})
serializing.produce("second", key="k", value="v", partition=0)
print(serializing.flush(20))
deserializing = DeserializingConsumer(
    {**settings, "key.deserializer": StringDeserializer(), "value.deserializer": StringDeserializer()}
)
deserializing.assign([confluent_kafka.TopicPartition("second", 0, 0)])
print(shown(poll(deserializing)))
deserializing.close()


class Own(Producer):
    pass


own = Own(PLACE)
own.produce("third", "from a subclass", partition=0)
print(own.flush(20), type(own).__name__)
