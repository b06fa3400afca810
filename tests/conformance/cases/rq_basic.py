"""rq: jobs enqueued, fetched, run and failed by a worker in this process."""

import os

import redis
import rq
import rq_jobs

connection = redis.Redis(host="127.0.0.1", port=int(os.environ["REDIS_PORT"]), db=3)
queue = rq.Queue("jobs", connection=connection)
job = queue.enqueue(rq_jobs.add, 1, 2, job_id="job-1")
print(job.id, queue.fetch_job("job-1").id, queue.fetch_job("nothing"))
queue.enqueue(rq_jobs.fail, job_id="job-2")
worker = rq.SimpleWorker([queue], connection=connection, name="worker")
worker.log.disabled = True
print(worker.work(burst=True))
for name in ("job-1", "job-2"):
    job = rq.job.Job.fetch(name, connection=connection)
    print(job.get_status(), job.return_value())
direct = rq.Queue("direct", is_async=False, connection=connection)
print(direct.enqueue(rq_jobs.add, 3, 4, job_id="job-3").return_value())
