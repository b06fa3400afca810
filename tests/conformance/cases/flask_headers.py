"""Flask: what of a request and of its answer becomes a tag."""

from flask import Flask, make_response

app = Flask(__name__)


@app.get("/headers")
def headers():
    answer = make_response("headers")
    answer.headers["X-Answer"] = "an answer"
    return answer


REQUESTS = [
    ("/headers", {}),
    ("/headers", {"X-Wanted": "wanted", "x-mapped": " mapped "}),
    ("/headers?q=1&password=hunter2#part", {}),
    ("/headers?a=b&a=c&empty=", {"X-Forwarded-For": "10.0.0.1, 8.8.8.8"}),
    ("/headers", {"X-Forwarded-For": "192.168.1.1"}),
    ("/headers", {"X-Real-Ip": "2001:db8::1"}),
    ("/headers", {"X-Datadog-Trace-Id": "5", "X-Datadog-Parent-Id": "6"}),
    (
        "/headers",
        {
            "X-Datadog-Trace-Id": "5",
            "X-Datadog-Parent-Id": "6",
            "X-Datadog-Sampling-Priority": "2",
            "X-Datadog-Origin": "synthetics",
            "X-Datadog-Tags": "_dd.p.dm=-4,_dd.p.own=1",
        },
    ),
    (
        "/headers",
        {"Traceparent": "00-0000000000000000000000000000abcd-00000000000000ef-01"},
    ),
    ("/headers", {"Baggage": "user.id=7,session.id=8,other=9"}),
    ("/missing", {"X-Wanted": "wanted"}),
]

if __name__ == "__main__":
    client = app.test_client()
    for url, sent in REQUESTS:
        answer = client.get(url, headers=sent, base_url="http://shop.test:8080")
        print(url, answer.status, answer.data[:20])
