"""Databases, caches, queues and models for growth.py: each makes what one round of it does."""

import atexit
import contextlib
import os
import sys

kept = contextlib.ExitStack()
atexit.register(kept.close)


def port(service):
    return int(os.environ[f"{service.upper()}_PORT"])


def statements(connection, failing):
    """Rows, many at once, a procedure that is not there, a mistake, a commit and a rollback."""

    def run():
        with contextlib.closing(connection.cursor()) as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchall()
            with contextlib.suppress(failing):
                cursor.execute("SELECT nothing FROM nowhere")
        connection.rollback()
        connection.commit()

    return run


def sqlite3():
    import sqlite3 as driver

    return statements(driver.connect(":memory:"), driver.Error)


def psycopg2():
    import psycopg2 as driver

    where = f"host=127.0.0.1 port={port('postgres')} user=case dbname=cases"
    return statements(driver.connect(where), driver.Error)


def psycopg():
    import psycopg as driver

    where = f"host=127.0.0.1 port={port('postgres')} user=case dbname=cases"
    return statements(driver.connect(where), driver.Error)


def pymysql():
    import pymysql as driver

    there = {"host": "127.0.0.1", "port": port("mariadb"), "user": "root", "database": "cases"}
    return statements(driver.connect(**there), driver.Error)


def redis():
    import redis as library

    client = library.Redis(port=port("redis"))

    def run():
        client.set("a", "b")
        client.get("a")
        batch = client.pipeline()
        batch.get("a").get("b").execute()
        with contextlib.suppress(library.ResponseError):
            client.lpush("a", "c")

    return run


def valkey():
    import valkey as library

    client = library.Valkey(port=port("redis"))
    return lambda: [client.set("a", "b"), client.get("a"), client.pipeline().get("a").execute()]


def pymemcache():
    from pymemcache.client.base import Client

    client = Client(("127.0.0.1", port("memcached")))
    return lambda: [client.set("a", "b"), client.get("a"), client.get_many(["a", "b"])]


def pymongo():
    import pymongo as library

    things = library.MongoClient("127.0.0.1", port("mongodb")).cases.things
    things.insert_one({"_id": 1})
    return lambda: [things.find_one({"_id": 1}), list(things.find({"_id": {"$gt": 5}}))]


def kafka():
    import confluent_kafka as library

    server = {"bootstrap.servers": f"127.0.0.1:{port('kafka')}"}
    producer = library.Producer(server)
    consumer = library.Consumer({**server, "group.id": "g", "auto.offset.reset": "earliest"})
    consumer.subscribe(["things"])

    def run():
        producer.produce("things", b"value", b"key", headers={"a": b"b"})
        producer.flush(10)
        consumer.poll(0.001)

    return run


def aiokafka():
    import asyncio

    import aiokafka as library

    place = f"127.0.0.1:{port('kafka')}"
    loop = asyncio.new_event_loop()
    topic = library.TopicPartition("things", 0)

    async def start():
        producer = library.AIOKafkaProducer(bootstrap_servers=place)
        own = {"group_id": "g", "enable_auto_commit": False, "fetch_max_wait_ms": 1}
        consumer = library.AIOKafkaConsumer(bootstrap_servers=place, **own)
        await producer.start()
        await consumer.start()
        consumer.assign([topic])
        await consumer.seek_to_end()
        return producer, consumer

    producer, consumer = loop.run_until_complete(start())

    async def all_of_them():
        for _ in range(2):
            await producer.send_and_wait("things", b"value", b"key", 0, headers=[("a", b"b")])
        await consumer.getone()
        await consumer.getmany(timeout_ms=1000)
        with contextlib.suppress(TypeError):
            await producer.send("things", 1, partition=0)

    return lambda: loop.run_until_complete(all_of_them())


def openai():
    import openai as library
    from model_provider import providing

    url = kept.enter_context(providing())
    client = library.OpenAI(api_key="k", base_url=url, max_retries=0)
    asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}

    def run():
        client.chat.completions.create(**asked)
        list(client.chat.completions.create(**asked, stream=True))
        with client.chat.completions.create(**asked, stream=True) as stream:
            next(iter(stream))

    return run


def google_genai():
    from model_provider import providing

    sys.path.pop(0)  # there is a websockets.py
    from google import genai
    from google.genai import types

    url = kept.enter_context(providing()).removesuffix("/v1")
    client = genai.Client(api_key="k", http_options=types.HttpOptions(base_url=url))

    def run():
        client.models.generate_content(model="gemini", contents="Hi")
        for _ in client.models.generate_content_stream(model="gemini", contents="Hi"):
            pass

    return run


def langchain():
    import langchain_calls as program
    import langchain_stores

    shelf = langchain_stores.Shelf(langchain_stores.Counts())
    chain = program.ChatPromptTemplate.from_messages([("human", "{word}")]) | program.Talker()

    def run():
        chain.invoke({"word": "Hi"})
        for _ in chain.stream({"word": "Hi"}):
            pass
        program.add.invoke({"a": 1, "b": 2})
        shelf.similarity_search("word")

    return run


def anthropic():
    import anthropic as library
    from model_provider import providing

    url = kept.enter_context(providing()).removesuffix("/v1")
    client = library.Anthropic(api_key="k", base_url=url, max_retries=0)
    asked = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "Hi"}]}

    def run():
        client.messages.create(**asked)
        with client.messages.create(**asked, stream=True) as stream:
            next(iter(stream))
        with client.messages.stream(**asked) as stream:
            list(stream.text_stream)

    return run


def celery():
    import celery as library

    app = library.Celery("app", broker="memory://", backend="cache+memory://")
    app.conf.update(task_ignore_result=True)

    @app.task
    def add(a, b):
        return a + b

    @app.task(bind=True, max_retries=1)
    def again(self):
        try:
            raise RuntimeError("boom")
        except RuntimeError as error:
            raise self.retry(exc=error, countdown=0)

    def run():
        add.apply((1, 2))
        again.apply()
        add.apply_async((1, 2), headers={"mine": "1"})
        app.control.purge()

    return run


def yaaredis():
    import asyncio
    import warnings

    warnings.simplefilter("ignore")
    import yaaredis as library

    loop = asyncio.new_event_loop()
    client = library.StrictRedis(host="127.0.0.1", port=port("redis"))

    async def all_of_them():
        await client.set("a", "b")
        async with await client.pipeline() as batch:
            await batch.get("a")
            await batch.execute()
        with contextlib.suppress(library.ResponseError):
            await client.lpush("a", "c")

    return lambda: loop.run_until_complete(all_of_them())


def pynamodb():
    from pynamodb.connection import Connection
    from pynamodb.exceptions import PynamoDBException

    os.environ.update(AWS_ACCESS_KEY_ID="id", AWS_SECRET_ACCESS_KEY="secret")
    connection = Connection(region="us-west-2", host=f"http://127.0.0.1:{port('aws')}", max_retry_attempts=0)

    def run():
        connection.list_tables()
        with contextlib.suppress(PynamoDBException):
            connection.describe_table("gone")

    return run


def bedrock():
    import bedrock_calls as program

    def run():
        asked = {"modelId": program.CLAUDE, "messages": program.TALK}
        program.client.converse(**asked)
        for _ in program.client.converse_stream(**asked)["stream"]:
            pass
        program.client.converse_stream(**asked)["stream"].close()
        with contextlib.suppress(program.ClientError):
            program.client.converse(modelId="amazon.unknown", messages=program.TALK)

    return run


def botocore():
    from aws_client import ClientError, client

    sqs = client("sqs")
    url = sqs.create_queue(QueueName="jobs")["QueueUrl"]

    def run():
        sqs.send_message(QueueUrl=url, MessageBody="one")
        for message in sqs.receive_message(QueueUrl=url)["Messages"]:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        with contextlib.suppress(ClientError):
            sqs.send_message(QueueUrl=url + "x", MessageBody="two")

    return run
