"""aiokafka: messages sent and fetched one by one, by iteration and together; errors; groups.

With an argument: keys that are no text in UTF-8, and those that a serializer takes.
"""

import asyncio
import os
import random
import sys

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

PLACE = os.environ["KAFKA"]
ALL = {"bootstrap_servers": PLACE, "enable_auto_commit": False, "auto_offset_reset": "earliest"}


def shown(message):
    headers = [key for key, _ in message.headers if key in ("mine", "a", "b")]
    return message.topic, message.key, message.value, message.offset, headers


async def refused(label, make):
    try:
        print(label, await make())
    except Exception as error:
        print(label, type(error).__name__)


async def produce():
    producer = AIOKafkaProducer(bootstrap_servers=PLACE, max_request_size=2000, linger_ms=50)
    await producer.start()
    future = await producer.send("first", b"plain", partition=0)
    print(type(future).__name__, (await future).offset)
    print((await producer.send_and_wait("first", value=b"keyed", key=b"key", partition=0)).offset)
    mine = [("mine", b"1")]
    print((await producer.send_and_wait("first", b"headers", None, 0, None, mine)).offset, mine)
    several = [("a", b"1"), ("b", b"2")]
    print((await producer.send_and_wait("first", b"more", partition=0, headers=several)).offset)
    print((await producer.send_and_wait("first", None, key=b"gone", partition=0)).offset)
    await producer.send_and_wait("second", b"other topic", partition=0)
    if "DD_KAFKA_PROPAGATION_ENABLED" not in os.environ:  # else its size varies with that of the ids
        await refused("too large", lambda: producer.send("first", b"x" * 5000, partition=0))
    await refused("no bytes", lambda: producer.send("first", "text", partition=0))
    await refused("nothing", lambda: producer.send("first"))
    left = [await producer.send("second", b"%d" % number, partition=0) for number in range(2)]
    print([record.offset for record in await asyncio.gather(*left)])
    await producer.stop()
    await refused("after the end", lambda: producer.send("first", b"x", partition=0))


async def consume():
    consumer = AIOKafkaConsumer(group_id="group", **ALL)
    await consumer.start()
    first, second = TopicPartition("first", 0), TopicPartition("second", 0)
    consumer.assign([first])
    print(shown(await consumer.getone()))
    print(shown(await consumer.getone(first)))
    async for message in consumer:
        print(shown(message))
        if message.offset == 3:
            break
    for where, messages in (await consumer.getmany(timeout_ms=20000, max_records=1)).items():
        print(where.topic, [shown(message) for message in messages])
    print(await consumer.getmany(timeout_ms=0))
    await consumer.commit()
    await consumer.commit({first: 2})
    print(await consumer.committed(first))
    consumer.assign([second])
    for _ in range(2):
        got = await consumer.getmany(second, timeout_ms=20000)
        print([shown(message) for message in got[second]])
    await consumer.stop()
    await refused("after the end", consumer.getone)

    every = AIOKafkaConsumer(bootstrap_servers=[PLACE, PLACE], auto_offset_reset="earliest", group_id=None)
    await every.start()
    random.seed(3)  # in which order the broker is asked
    every.assign([first, second])
    found = await every.getmany(timeout_ms=20000)
    print(sorted((where.topic, len(messages)) for where, messages in found.items()))
    await every.stop()


async def keys():
    producer = AIOKafkaProducer(bootstrap_servers=PLACE)
    await producer.start()
    print((await producer.send_and_wait("third", b"bin", key=b"\xff\xfe", partition=0)).offset)
    await producer.stop()
    serializing = AIOKafkaProducer(
        bootstrap_servers=[PLACE], key_serializer=str.encode, value_serializer=lambda value: value.encode()
    )
    await serializing.start()
    print((await serializing.send_and_wait("fourth", "text", key="word", partition=0)).offset)
    await serializing.stop()

    consumer = AIOKafkaConsumer(**ALL)
    await consumer.start()
    consumer.assign([TopicPartition("third", 0)])
    print(shown(await consumer.getone()))
    await consumer.stop()
    alone = AIOKafkaConsumer(value_deserializer=bytes.decode, key_deserializer=bytes.decode, **ALL)
    await alone.start()
    alone.assign([TopicPartition("fourth", 0)])
    print(shown(await alone.getone()))
    await alone.stop()


if sys.argv[1:]:
    asyncio.run(keys())
    sys.exit()
asyncio.run(produce())
asyncio.run(consume())
