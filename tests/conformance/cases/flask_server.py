"""Flask: behind werkzeug's own server, asked over a socket."""

import logging
import threading
import urllib.request

from flask import Flask, Response, request
from werkzeug.serving import make_server

logging.disable(logging.CRITICAL)
app = Flask(__name__)


@app.get("/hello/<name>")
def hello(name):
    return f"hello {name}"


@app.post("/upload")
def upload():
    return str(len(request.get_data()))


@app.get("/lines")
def lines():
    return Response(f"{number}\n" for number in range(3))


@app.get("/broken")
def broken():
    raise RuntimeError("broken")


def ask(url, data=None):
    message = urllib.request.Request(url, data, {"User-Agent": "asker"})
    try:
        with urllib.request.urlopen(message) as answer:
            print(answer.status, answer.read())
    except urllib.error.HTTPError as error:
        print(error.code)


if __name__ == "__main__":
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    base = f"http://127.0.0.1:{server.port}"
    ask(base + "/hello/you?a=1")
    ask(base + "/upload", b"12345")
    ask(base + "/lines")
    ask(base + "/broken")
    server.shutdown()
    thread.join()
