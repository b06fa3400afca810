"""bottle: routes, errors and mounted applications."""

import sys

import bottle
from wsgi_client import call

app = bottle.Bottle()
inner = bottle.Bottle()


@app.route("/")
def index():
    return "index"


@app.route("/items/<number:int>", method=["GET", "POST"])
def item(number):
    return {"number": number}


@app.route("/fails")
def fails():
    raise ValueError("in a handler")


@app.route("/aborts/<code:int>")
def aborts(code):
    bottle.abort(code, "aborted")


@app.route("/answers/<code:int>")
def answers(code):
    bottle.response.status = code
    return "answered"


@app.route("/response")
def response():
    return bottle.HTTPResponse("made", status=202)


@app.route("/raises_response")
def raises_response():
    raise bottle.HTTPResponse("raised", status=203)


@app.route("/redirects")
def redirects():
    bottle.redirect("/")


@app.route("/lines")
def lines():
    yield "one "
    yield "two"


@inner.route("/page/<name>")
def page(name):
    return name


@inner.route("/inner_fails")
def inner_fails():
    raise KeyError("inside")


app.mount("/mounted", inner)

if __name__ == "__main__":
    parent = {"x-datadog-trace-id": "1234", "x-datadog-parent-id": "5678"}
    call(app, "/", **parent)
    if sys.argv[1:] == ["few"]:
        sys.exit()
    urls = "/items/7?token=abc /fails /aborts/404 /aborts/500 /answers/201 /answers/503 /response"
    urls += " /raises_response /redirects /lines /mounted/page/x /mounted/inner_fails /mounted/none /none"
    for url in urls.split():
        call(app, url)
    call(app, "/items/8", method="POST", body=b"text")
    call(app, "/items/8", method="DELETE")
    call(app, "/", method="HEAD")
