"""botocore: storage, tables, queues, topics, streams and buses of a local cloud."""

import json
import sys

from aws_client import client, make_box, tell, use_words


def shown(keys):
    return sorted(set(keys) - {"_datadog"})


def storage():
    s3 = client("s3")
    make_box(s3)
    tell("put", lambda: s3.put_object(Bucket="box", Key="a/b.txt", Body=b"body"))
    tell("get", lambda: s3.get_object(Bucket="box", Key="a/b.txt"))
    tell("missing", lambda: s3.get_object(Bucket="box", Key="nothing"))
    tell("buckets", lambda: s3.list_buckets())
    tell("copy", lambda: s3.copy_object(Bucket="box", Key="c", CopySource={"Bucket": "box", "Key": "a/b.txt"}))
    tell("delete", lambda: s3.delete_object(Bucket="box", Key="c"))
    try:
        s3.put_object(Key="x")
    except Exception as error:
        print(type(error).__name__)


def tables():
    dynamodb = client("dynamodb")
    use_words(dynamodb)
    tell("update", lambda: dynamodb.update_item(
        TableName="words", Key={"w": {"S": "a"}}, AttributeUpdates={"n": {"Value": {"N": "2"}}}
    ))
    tell("no table", lambda: dynamodb.get_item(TableName="gone", Key={"w": {"S": "a"}}))


def queues():
    sqs = client("sqs")
    url = tell("queue", lambda: sqs.create_queue(QueueName="jobs"))["QueueUrl"]
    tell("send", lambda: sqs.send_message(QueueUrl=url, MessageBody="one"))
    tell("attributes", lambda: sqs.send_message(
        QueueUrl=url, MessageBody="two",
        MessageAttributes={"k": {"DataType": "String", "StringValue": "v"}},
    ))
    full = {f"k{i}": {"DataType": "String", "StringValue": "v"} for i in range(10)}
    tell("full", lambda: sqs.send_message(QueueUrl=url, MessageBody="x", MessageAttributes=full))
    tell("batch", lambda: sqs.send_message_batch(
        QueueUrl=url, Entries=[{"Id": str(i), "MessageBody": f"b{i}"} for i in range(3)]
    ))
    for names in ([], ["All"], ["k"]):
        answer = sqs.receive_message(
            QueueUrl=url, MessageAttributeNames=names, MaxNumberOfMessages=2, WaitTimeSeconds=0
        )
        for message in answer.get("Messages", []):
            print(message["Body"], shown(message.get("MessageAttributes", {})))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    tell("purge", lambda: sqs.purge_queue(QueueUrl=url))
    tell("empty", lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=0))
    tell("gone", lambda: sqs.send_message(QueueUrl=url + "x", MessageBody="x"))


def topics():
    sns = client("sns")
    arn = tell("topic", lambda: sns.create_topic(Name="news"))["TopicArn"]
    tell("publish", lambda: sns.publish(TopicArn=arn, Message="m", Subject="s"))
    tell("batch", lambda: sns.publish_batch(
        TopicArn=arn, PublishBatchRequestEntries=[{"Id": str(i), "Message": "m"} for i in range(2)]
    ))
    tell("phone", lambda: sns.publish(PhoneNumber="+15555550100", Message="m"))


def streams():
    kinesis = client("kinesis")
    tell("stream", lambda: kinesis.create_stream(StreamName="river", ShardCount=1))
    tell("json", lambda: kinesis.put_record(
        StreamName="river", Data=json.dumps({"a": 1}), PartitionKey="p"
    ))
    tell("bytes", lambda: kinesis.put_record(StreamName="river", Data=b"raw", PartitionKey="p"))
    tell("records", lambda: kinesis.put_records(
        StreamName="river",
        Records=[{"Data": json.dumps({"n": i}), "PartitionKey": "p"} for i in range(2)],
    ))
    shard = kinesis.list_shards(StreamName="river")["Shards"][0]["ShardId"]
    iterator = kinesis.get_shard_iterator(
        StreamName="river", ShardId=shard, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    for record in kinesis.get_records(ShardIterator=iterator)["Records"]:
        data = record["Data"]
        print(shown(json.loads(data)) if data.startswith(b"{") else data)


def buses():
    events = client("events")
    tell("bus", lambda: events.create_event_bus(Name="line"))
    entry = {"Source": "s", "DetailType": "t", "Detail": json.dumps({"a": 1}), "EventBusName": "line"}
    tell("events", lambda: events.put_events(Entries=[entry, {**entry, "Detail": "no json"}]))
    tell("rule", lambda: events.put_rule(Name="r", EventBusName="line", EventPattern='{"source": ["s"]}'))
    tell("rules", lambda: events.list_rules(EventBusName="line"))


def machines():
    machine = client("stepfunctions")
    arn = tell("machine", lambda: machine.create_state_machine(
        name="steps", roleArn="arn:aws:iam::123456789012:role/r",
        definition=json.dumps({"StartAt": "a", "States": {"a": {"Type": "Pass", "End": True}}}),
    ))["stateMachineArn"]
    tell("start", lambda: machine.start_execution(
        stateMachineArn=arn, name="run", input=json.dumps({"a": 1})
    ))
    tell("text", lambda: machine.start_execution(stateMachineArn=arn, name="run2", input='"text"'))
    tell("who", lambda: client("sts").get_caller_identity())


def pinned():
    from ddtrace._trace.pin import Pin

    sqs, other = client("sqs"), client("sqs")
    Pin.override(sqs, service="own", tags={"a": "b"})
    url = tell("queue", lambda: sqs.create_queue(QueueName="pinned"))["QueueUrl"]
    tell("send", lambda: other.send_message(QueueUrl=url, MessageBody="one"))
    Pin.override(sqs, tags={"c": "d"})
    print(Pin.get_from(sqs).service, Pin.get_from(sqs).tags)
    tell("about", lambda: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"]))


for part in (pinned,) if sys.argv[1:] == ["pinned"] else (storage, tables, queues, topics, streams, buses, machines):
    part()
