"""celery: chains and groups, eager tasks, expected failures, retries, and brokers that are not there.

    celery_calls.py eager|worker|failing|alone
"""

import sys

import celery
from celery import chain, group
from celery.contrib.testing.worker import start_worker
from celery.exceptions import Ignore, Reject

app = celery.Celery("app", broker="memory://", backend="cache+memory://")
app.conf.update(worker_hijack_root_logger=False)


@app.task
def add(a, b):
    return a + b


@app.task(autoretry_for=(KeyError,), max_retries=2, default_retry_delay=0, retry_backoff=False)
def flaky():
    raise KeyError("x")


@app.task(bind=True, throws=(ValueError,))
def expected(self):
    raise ValueError("expected")


@app.task(bind=True)
def reject(self):
    raise Reject("no", requeue=False)


@app.task(bind=True)
def ignore(self):
    raise Ignore()


class Own(celery.Task):
    abstract = True


@app.task(base=Own, name="own.name")
def own(x=1):
    return x


@app.task(bind=True)
def told(self):
    return [key for key in self.request.headers or {} if key == "mine"]


@app.task(bind=True, max_retries=1)
def again(self):
    try:
        raise RuntimeError("boom")
    except RuntimeError as error:
        raise self.retry(exc=error, countdown=0)


def show(label, call):
    try:
        print(label, call())
    except Exception as error:
        print(label, "raises", type(error).__name__)


def worker():
    return start_worker(app, perform_ping_check=False, pool="solo", loglevel="CRITICAL")


if sys.argv[1] == "eager":
    app.conf.task_always_eager = True
    show("call", lambda: add.delay(1, 2).get())
    show("chain", lambda: chain(add.s(1, 2), add.s(3)).apply_async().get())
    show("group", lambda: group(add.s(1, 2), add.s(3, 4))().get())
    show("retried by itself", lambda: flaky.delay().get())
    show("retried", lambda: again.delay().get())
    show("expected", lambda: expected.apply_async().get())
    show("own class", lambda: own.apply_async(kwargs={"x": 3}).get())
    app.conf.task_eager_propagates = True
    show("propagated", lambda: expected.delay())
    show("applied", lambda: add.apply(args=(1, 2), throw=True).get())
    show("thrown", lambda: expected.apply(throw=True))
elif sys.argv[1] == "worker":
    with worker():
        show("chain", lambda: chain(add.s(1, 2), add.s(3)).apply_async().get(timeout=60))
        show("group", lambda: group(add.s(1, 2), add.s(3, 4))().get(timeout=60))
        show("expected", lambda: expected.apply_async().get(timeout=60))
        show("own class", lambda: own.apply_async(kwargs={"x": 3}, task_id="mine").get(timeout=60))
        show("headers", lambda: told.apply_async(headers={"mine": "1"}).get(timeout=60))
        options = {"queue": "celery", "routing_key": "celery", "priority": 3, "correlation_id": "c"}
        show("options", lambda: add.apply_async((1, 1), **options).get(timeout=60))
elif sys.argv[1] == "failing":
    with worker():
        reject.delay()
        ignore.delay()
        show("after", lambda: add.delay(0, 0).get(timeout=60))
        show("unknown", lambda: type(app.send_task("not.there")).__name__)
        show("after", lambda: add.delay(0, 1).get(timeout=60))
else:
    app.conf.broker_url = "redis://127.0.0.1:1/0"
    app.conf.broker_connection_retry = False
    show("no broker", lambda: add.apply_async((1, 2), retry=False))
    show("no text", lambda: add.apply_async((1, object()), retry=False))
