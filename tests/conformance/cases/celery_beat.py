"""celery: what the beat does in one turn, and a worker with processes of its own."""

import os
import subprocess
import sys
import time

import celery
from celery.beat import Scheduler

app = celery.Celery("celery_beat", broker=os.environ["BROKER"], backend=os.environ["BROKER"])
app.conf.update(
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    beat_schedule={"adds": {"task": "celery_beat.add", "schedule": 3600.0, "args": (1, 2)}},
)


@app.task(name="celery_beat.add")
def add(a, b):
    return a + b


@app.task(name="celery_beat.fail")
def fail():
    raise ValueError("no")


if __name__ == "__main__":
    if sys.argv[1] == "beat":
        scheduler = Scheduler(app)
        scheduler.setup_schedule()
        (entry,) = scheduler.schedule.values()
        entry.last_run_at = entry.default_now().replace(year=2020)
        scheduler.populate_heap()
        print(scheduler.tick() is not None)
        print(scheduler.apply_entry(entry))
    else:
        command = [sys.executable, "-m", "celery", "-A", "celery_beat", "worker", "--concurrency=1"]
        command += [f"--pool={sys.argv[1]}", "--loglevel=CRITICAL", "--without-gossip", "--without-mingle"]
        worker = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        print(add.delay(1, 2).get(timeout=60))
        try:
            fail.delay().get(timeout=60)
        except ValueError as error:
            print(error)
        time.sleep(0.2)
        worker.terminate()
        print(worker.wait(60))
