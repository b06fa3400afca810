"""botocore: payloads of many forms."""

import json

from aws_client import client, make_box, tell, use_words


DEEP = {"a": {"b": {"c": {"d": {"e": [1, 2.5, True, None, "x"]}}}}, "dotted.key": {"in side": "y"}}


def queues():
    sqs = client("sqs")
    url = tell("queue", lambda: sqs.create_queue(QueueName="jobs"))["QueueUrl"]
    tell("text", lambda: sqs.send_message(QueueUrl=url, MessageBody="one"))
    tell("json", lambda: sqs.send_message(
        QueueUrl=url, MessageBody=json.dumps(DEEP),
        MessageAttributes={"k": {"DataType": "String", "StringValue": json.dumps({"n": 1})}},
    ))
    tell("list", lambda: sqs.send_message(QueueUrl=url, MessageBody=json.dumps([{"p": 1}, [2, [3]]])))
    tell("long", lambda: sqs.send_message(QueueUrl=url, MessageBody="z" * 6000))
    tell("binary", lambda: sqs.send_message(
        QueueUrl=url, MessageBody="b",
        MessageAttributes={"k": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}},
    ))
    tell("about", lambda: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"]))
    tell("gone", lambda: sqs.send_message(QueueUrl=url + "x", MessageBody="x"))


def tables():
    dynamodb = client("dynamodb")
    use_words(dynamodb)


def topics():
    sns = client("sns")
    arn = tell("topic", lambda: sns.create_topic(Name="news"))["TopicArn"]
    tell("publish", lambda: sns.publish(TopicArn=arn, Message=json.dumps(DEEP), Subject="s"))
    tell("phone", lambda: sns.publish(PhoneNumber="+15555550100", Message="m"))
    application = tell("application", lambda: sns.create_platform_application(
        Name="app", Platform="GCM",
        Attributes={"PlatformCredential": "c", "PlatformPrincipal": "p"},
    ))["PlatformApplicationArn"]
    tell("endpoint", lambda: sns.create_platform_endpoint(PlatformApplicationArn=application, Token="t"))


def storage():
    s3 = client("s3")
    make_box(s3)
    tell("put", lambda: s3.put_object(Bucket="box", Key="a/b.txt", Body=b"body", SSECustomerKey="k" * 32,
                                      SSECustomerAlgorithm="AES256"))
    tell("small", lambda: s3.put_object(Bucket="box", Key="b", Body=b"body", Metadata={"m": "v"}))
    tell("get", lambda: s3.get_object(Bucket="box", Key="b"))
    tell("missing", lambda: s3.get_object(Bucket="box", Key="nothing"))
    tell("list", lambda: s3.list_objects_v2(Bucket="box"))


def others():
    kinesis = client("kinesis")
    tell("stream", lambda: kinesis.create_stream(StreamName="river", ShardCount=1))
    tell("record", lambda: kinesis.put_record(StreamName="river", Data=json.dumps(DEEP), PartitionKey="p"))
    events = client("events")
    tell("bus", lambda: events.create_event_bus(Name="line"))
    entry = {"Source": "s", "DetailType": "t", "Detail": json.dumps({"a": 1}), "EventBusName": "line"}
    tell("events", lambda: events.put_events(Entries=[entry]))
    tell("who", lambda: client("sts").get_caller_identity())
    tell("machines", lambda: client("stepfunctions").list_state_machines())


for part in (queues, tables, topics, storage, others):
    part()
