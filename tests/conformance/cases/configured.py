"""What a program configures: continued traces and query strings, in Flask and in its client."""

import sys

import flask
import requests
from ddtrace import config
from serving import serving

if sys.argv[1] == "queries":
    config.flask.http.trace_query_string = True
    config.requests.http.trace_query_string = True
else:
    config.flask["distributed_tracing_enabled"] = False
    config.requests["distributed_tracing"] = False

app = flask.Flask(__name__)


@app.route("/<name>")
def page(name):
    return name


parent = {"x-datadog-trace-id": "5", "x-datadog-parent-id": "6"}
client = app.test_client()
for url in ("/a?q=1&token=s", "/a", "/a?"):
    with client.get(url, headers=parent) as answer:
        print(url, answer.data)
with serving() as base:
    for url in ("/get?a=1&token=s", "/get", "/get?", "/get#part?no"):
        print(url, requests.get(base + url).status_code)
