"""A broker of Kafka in this process, the one that comes inside librdkafka: kafka_broker.py

Prints where it listens and serves until its input ends. Topics exist when they are named.
"""

import sys

from confluent_kafka import Producer

if __name__ == "__main__":
    holder = Producer({"test.mock.num.brokers": 1, "log_level": 0})
    (broker,) = holder.list_topics(timeout=20).brokers.values()
    print(f"{broker.host}:{broker.port}", flush=True)
    sys.stdin.read()
