"""urllib3: pools, managers and retries."""

import urllib3
from serving import SEEN, serving


def show(label, call):
    before = len(SEEN)
    try:
        answer = call()
        text = f"{answer.status} {answer.data.decode().strip()}"
    except Exception as error:
        text = type(error).__name__
    print(label, text, len(SEEN) - before)


with serving() as base:
    host, _, port = base.partition("//")[2].partition(":")
    manager = urllib3.PoolManager()
    show("get", lambda: manager.request("GET", base + "/status/200?a=1&token=abc"))
    show("fields", lambda: manager.request("GET", base + "/fields", fields={"a": "b"}))
    show("post", lambda: manager.request("POST", base + "/post", body=b"x"))
    headers = {"X-Asked": "1"}
    show("headers", lambda: manager.request("GET", base + "/h", headers=headers))
    print(headers)
    show("404", lambda: manager.request("GET", base + "/status/404"))
    show("500", lambda: manager.request("GET", base + "/status/500"))
    show("redirect", lambda: manager.request("GET", base + "/redirect"))
    show("stay", lambda: manager.request("GET", base + "/redirect", redirect=False))
    retries = urllib3.Retry(total=2, status_forcelist=[503], backoff_factor=0)
    show("retried", lambda: manager.request("GET", base + "/status/503", retries=retries))
    pool = urllib3.HTTPConnectionPool(host, int(port))
    show("pool", lambda: pool.request("GET", "/pool"))
    show("urlopen", lambda: pool.urlopen("GET", "/urlopen?x=y"))
    pool.close()
    show("module", lambda: urllib3.request("GET", base + "/module"))
show("refused", lambda: urllib3.PoolManager().request("GET", base + "/refused", retries=False))
show("retries", lambda: urllib3.PoolManager().request("GET", base + "/again", retries=1))
