"""aiobotocore: storage and queues of a local cloud, read as a whole and in pieces."""

import asyncio

from aiobotocore.session import get_session
from aws_client import ADDRESS, LOGIN
from botocore.exceptions import ClientError


async def main():
    session = get_session()
    async with session.create_client("s3", endpoint_url=ADDRESS, **LOGIN) as s3:
        await s3.create_bucket(
            Bucket="box", CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
        )
        await s3.put_object(Bucket="box", Key="a.txt", Body=b"body" * 3)
        answer = await s3.get_object(Bucket="box", Key="a.txt")
        async with answer["Body"] as body:
            print(await body.read())
        answer = await s3.get_object(Bucket="box", Key="a.txt")
        print([piece async for piece in answer["Body"].iter_chunks(5)])
        print((await s3.list_objects_v2(Bucket="box"))["KeyCount"])
        try:
            await s3.get_object(Bucket="box", Key="nothing")
        except ClientError as error:
            print(error.response["Error"]["Code"])
    async with session.create_client("sqs", endpoint_url=ADDRESS, **LOGIN) as sqs:
        url = (await sqs.create_queue(QueueName="jobs"))["QueueUrl"]
        await sqs.send_message(QueueUrl=url, MessageBody="one")
        answer = await sqs.receive_message(QueueUrl=url, WaitTimeSeconds=0)
        print([message["Body"] for message in answer["Messages"]])
    async with session.create_client("dynamodb", endpoint_url=ADDRESS, **LOGIN) as dynamodb:
        print((await dynamodb.list_tables())["TableNames"])
        try:
            await dynamodb.describe_table(TableName="gone")
        except ClientError as error:
            print(error.response["Error"]["Code"])


asyncio.run(main())
