"""requests and urllib3: the trace headers that arrive."""

import requests
import urllib3
from serving import SEEN, serving


def show(label):
    wanted = ("x-datadog", "trace", "baggage", "b3", "x-b3")
    for sent in SEEN:
        print(label)
        for key in sorted(sent):
            if key.startswith(wanted):
                print("  ", key, sent[key])
    SEEN.clear()


with serving() as base:
    requests.get(base + "/get")
    show("requests")
    requests.get(base + "/redirect")
    show("requests, redirected")
    requests.get(base + "/own", headers={"x-datadog-trace-id": "1", "traceparent": "own"})
    show("requests, own headers")
    with requests.Session() as session:
        session.get(base + "/session")
        show("session")
        session.get(base + "/session")
        show("session, again")
        print(sorted(session.headers))
    urllib3.PoolManager().request("GET", base + "/urllib3", headers={"X-Asked": "1"})
    show("urllib3")
    urllib3.PoolManager(headers={"X-Asked": "2"}).request("GET", base + "/default")
    show("urllib3, default headers")
