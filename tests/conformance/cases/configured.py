"""What a program configures of Flask and of its client: continued traces, query strings, what is shown."""

import sys

import flask
import requests
from ddtrace import config
from serving import serving

if sys.argv[1] == "queries":
    config.flask.http.trace_query_string = True
    config.requests.http.trace_query_string = True
elif sys.argv[1] == "shown":
    config.flask["collect_view_args"] = False
    config.flask["template_default_name"] = "<nameless>"
    config.flask["trace_query_string"] = True
    config.flask.http_tag_query_string = False
    config.requests.http_tag_query_string = False
else:
    config.flask["distributed_tracing_enabled"] = False
    config.requests["distributed_tracing"] = False

app = flask.Flask(__name__)


@app.route("/<name>")
def page(name):
    return flask.render_template_string("{{ name }}", name=name)


parent = {"x-datadog-trace-id": "5", "x-datadog-parent-id": "6"}
client = app.test_client()
for url in ("/a?q=1&token=s", "/a", "/a?"):
    with client.get(url, headers=parent) as answer:
        print(url, answer.data)
with serving() as base:
    for url in ("/get?a=1&token=s", "/get", "/get?", "/get#part?no"):
        print(url, requests.get(base + url).status_code)
