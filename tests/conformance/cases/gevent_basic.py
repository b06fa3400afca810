"""gevent: greenlets, pools and patched threads continue their trace."""

import sys

if sys.argv[1] == "first":
    import gevent.monkey

    gevent.monkey.patch_all()
    from ddtrace.trace import tracer
elif sys.argv[1] == "late":
    from ddtrace.trace import tracer

    import gevent.monkey

    gevent.monkey.patch_all()
else:
    from ddtrace.trace import tracer

import threading
import time

import gevent
import gevent.pool
import gevent.queue


def work(name):
    with tracer.trace(name) as span:
        gevent.sleep(0.001)
        with tracer.trace("inside " + name):
            gevent.sleep(0.001)
        return span.parent_id is not None


with tracer.trace("spawned"):
    print([job.get() for job in [gevent.spawn(work, f"job {n}") for n in range(2)]])
with tracer.trace("later"):
    print(gevent.spawn_later(0.001, work, "later job").get())
with tracer.trace("raw"):
    done = []
    gevent.spawn_raw(lambda: done.append(work("raw job")))
    while not done:
        gevent.sleep(0.01)
    print(done)
with tracer.trace("greenlet"):
    job = gevent.Greenlet(work, "greenlet job")
    job.start()
    print(job.get(), isinstance(job, gevent.Greenlet))


class Own(gevent.Greenlet):
    def _run(self):
        return work("own job")


with tracer.trace("subclass"):
    print(Own.spawn().get())
with tracer.trace("pool"):
    pool = gevent.pool.Pool(2)
    print(pool.map(work, ["pool 1"]), list(pool.imap(work, ["pool 2"])))
    print(pool.spawn(work, "pool 3").get())
with tracer.trace("group"):
    print(gevent.pool.Group().map(work, ["group 1"]))
with tracer.trace("threadpool"):
    print(gevent.get_hub().threadpool.spawn(work, "native").get())
with tracer.trace("thread"):
    thread = threading.Thread(target=work, args=("in a thread",))
    thread.start()
    thread.join()
    time.sleep(0.001)
gevent.get_hub().NOT_ERROR += (ValueError,)
with tracer.trace("failing"):
    def fail():
        with tracer.trace("fails"):
            raise ValueError("no")

    job = gevent.spawn(fail)
    job.join()
    print(type(job.exception).__name__)
print(tracer.current_span())
