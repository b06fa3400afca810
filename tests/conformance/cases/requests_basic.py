"""requests: answers of every kind, and none."""

import requests
from serving import SEEN, serving, tracing_headers


def show(label, call):
    before = len(SEEN)
    try:
        answer = call()
        text = f"{answer.status_code} {answer.text.strip()}"
    except Exception as error:
        text = type(error).__name__
    print(label, text, len(SEEN) - before)


with serving() as base:
    host = base.partition("//")[2]
    show("get", lambda: requests.get(base + "/status/200"))
    show("no path", lambda: requests.get(base))
    show("head", lambda: requests.head(base + "/status/200"))
    show("lower case", lambda: requests.request("get", base + "/lower"))
    show("post", lambda: requests.post(base + "/post", json={"a": 1}))
    show("put", lambda: requests.put(base + "/put", data=b"bytes"))
    show("delete", lambda: requests.delete(base + "/delete"))
    show("404", lambda: requests.get(base + "/status/404"))
    show("500", lambda: requests.get(base + "/status/500"))
    show("redirect", lambda: requests.get(base + "/redirect"))
    show("no redirect", lambda: requests.get(base + "/redirect", allow_redirects=False))
    show("query", lambda: requests.get(base + "/q?a=1&token=abc#part", params={"b": "2 3"}))
    show("login", lambda: requests.get(f"http://user:pass@{host}/login"))
    show("auth", lambda: requests.get(base + "/auth", auth=("user", "pass")))
    show("header", lambda: requests.get(base + "/h", headers={"X-Asked": "asked"}))
    show("own trace", lambda: requests.get(base + "/t", headers={"x-datadog-trace-id": "1"}))
    show("raise", lambda: requests.get(base + "/status/503").raise_for_status())
    with requests.Session() as session:
        session.headers["X-Asked"] = "session"
        show("session", lambda: session.get(base + "/session"))
        show("stream", lambda: session.get(base + "/stream", stream=True))
        prepared = session.prepare_request(requests.Request("GET", base + "/prepared"))
        show("prepared", lambda: session.send(prepared))
        print("left as it was:", sorted(session.headers))
show("refused", lambda: requests.get(base + "/refused"))
show("bad port", lambda: requests.get("http://127.0.0.1:bad/x"))
show("bad scheme", lambda: requests.get("ftp://127.0.0.1/x"))
show("no scheme", lambda: requests.get("127.0.0.1/x"))
