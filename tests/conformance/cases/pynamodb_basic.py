"""pynamodb: a table of a local cloud, its items, and calls that are refused."""

import os

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.connection import Connection
from pynamodb.exceptions import PynamoDBException
from pynamodb.models import Model


class Word(Model):
    class Meta:
        table_name = "words"
        region = "us-west-2"
        host = f"http://127.0.0.1:{os.environ['AWS_PORT']}"
        aws_access_key_id = "id"
        aws_secret_access_key = "secret"
        read_capacity_units = write_capacity_units = 1
        max_retry_attempts = 0

    name = UnicodeAttribute(hash_key=True)
    times = NumberAttribute(default=0)


def tell(label, call):
    try:
        answer = call()
        print(label, answer if isinstance(answer, (int, str, bool)) else type(answer).__name__)
    except PynamoDBException as error:
        print(label, "!", type(error).__name__)


tell("none yet", lambda: Word.get("a"))
tell("make", lambda: Word.create_table(wait=False))
tell("there", lambda: Word.exists())
tell("save", lambda: Word("a", times=1).save())
tell("get", lambda: Word.get("a").times)
tell("missing", lambda: Word.get("b"))
tell("count", lambda: Word.count("a"))
tell("scan", lambda: len(list(Word.scan())))
tell("batch", lambda: len(list(Word.batch_get(["a", "b"]))))
tell("delete", lambda: Word("a").delete())
os.environ.update(AWS_ACCESS_KEY_ID="id", AWS_SECRET_ACCESS_KEY="secret")
connection = Connection(region="us-west-2", host=Word.Meta.host)
tell("tables", lambda: len(connection.list_tables()["TableNames"]))
tell("describe", lambda: connection.describe_table("gone"))
