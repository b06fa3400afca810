"""Clients of the local cloud, and what its answers say."""

import os

from botocore.exceptions import ClientError

ADDRESS = f"http://127.0.0.1:{os.environ['AWS_PORT']}"
LOGIN = {"aws_access_key_id": "id", "aws_secret_access_key": "secret", "region_name": "us-west-2"}


def client(name):
    import boto3

    return boto3.client(name, endpoint_url=ADDRESS, **LOGIN)


def tell(label, call):
    try:
        answer = call()
        print(label, answer["ResponseMetadata"]["HTTPStatusCode"])
        return answer
    except ClientError as error:
        print(label, "!", error.response["Error"]["Code"])


def make_box(s3):
    tell("make", lambda: s3.create_bucket(
        Bucket="box", CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
    ))  # fmt: skip


def use_words(dynamodb):
    tell("table", lambda: dynamodb.create_table(
        TableName="words",
        AttributeDefinitions=[{"AttributeName": "w", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "w", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    ))  # fmt: skip
    tell("item", lambda: dynamodb.put_item(TableName="words", Item={"w": {"S": "a"}, "n": {"N": "1"}}))
    tell("get", lambda: dynamodb.get_item(TableName="words", Key={"w": {"S": "a"}}))
