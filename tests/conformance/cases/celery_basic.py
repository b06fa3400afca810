"""celery: tasks called, run, failed and retried."""

import os

import celery
from celery.contrib.testing.worker import start_worker

app = celery.Celery("app", broker=os.environ.get("BROKER", "memory://"), backend="cache+memory://")
app.conf.update(worker_hijack_root_logger=False, task_store_errors_even_if_ignored=True)


@app.task
def add(a, b):
    return a + b


@app.task
def fail():
    raise ValueError("no")


@app.task(bind=True, max_retries=1, default_retry_delay=0)
def retry(self):
    if self.request.retries == 0:
        raise self.retry(countdown=0)
    return "retried"


@app.task(name="named")
def nested():
    return add.s(1, 2).apply().get(disable_sync_subtasks=False)


print(add.apply((1, 2)).get())
print(add(3, 4))
with start_worker(app, perform_ping_check=False, pool="solo", loglevel="CRITICAL"):
    print(add.delay(1, 2).get(timeout=60))
    print(add.apply_async((5, 6), countdown=0, queue="celery").get(timeout=60))
    try:
        fail.delay().get(timeout=60)
    except ValueError as error:
        print("ValueError", error)
    print(retry.delay().get(timeout=60))
    print(app.send_task("named").get(timeout=60))
