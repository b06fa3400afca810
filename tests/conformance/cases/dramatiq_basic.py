"""dramatiq: messages sent, also with options and in pipelines, and run by a worker."""

import os

import dramatiq
from dramatiq.brokers.redis import RedisBroker

broker = RedisBroker(url=f"redis://127.0.0.1:{os.environ['REDIS_PORT']}/4")
dramatiq.set_broker(broker)
done = []


@dramatiq.actor
def add(a, b):
    done.append(a + b)


@dramatiq.actor(actor_name="named", max_retries=0, priority=5)
def fail():
    raise ValueError("no")


print(add.send(1, 2).actor_name)
print(add.send_with_options(args=(3, 4), delay=None).queue_name)
print(fail.send_with_options(kwargs={}, max_age=10000).actor_name)
dramatiq.pipeline([add.message(5, 6)]).run()
try:
    add.send(object())
except Exception as error:
    print(type(error).__name__)
worker = dramatiq.Worker(broker, worker_timeout=50, worker_threads=1)
worker.start()
broker.join("default")
worker.join()
worker.stop()
print(sorted(done))
