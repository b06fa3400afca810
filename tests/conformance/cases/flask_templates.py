"""Flask: templates, files and static files."""

import flask
from flask import Flask, render_template, render_template_string, send_file, send_from_directory

app = Flask(__name__)


@app.get("/file")
def file_template():
    return render_template("hello.html", name="file")


@app.get("/string")
def string_template():
    return render_template_string("Hello {{ name }}", name="string")


@app.get("/both")
def both():
    return render_template(["none.html", "hello.html"], name="list") + render_template_string("!")


@app.get("/missing")
def missing():
    return render_template("none.html")


@app.get("/stream")
def stream():
    return flask.Response(flask.stream_template("hello.html", name="stream"))


@app.get("/send")
def send():
    return send_file("static/word.txt")


@app.get("/directory/<name>")
def directory(name):
    return send_from_directory("static", name)


if __name__ == "__main__":
    import logging

    logging.disable(logging.CRITICAL)
    client = app.test_client()
    for url in ["/file", "/file", "/string", "/both", "/missing", "/stream", "/send"]:
        answer = client.get(url)
        print(url, answer.status, answer.data[:40])
    for url in ["/directory/word.txt", "/directory/none.txt", "/static/word.txt"]:
        answer = client.get(url, headers={"Range": "bytes=0-3"})
        print(url, answer.status, answer.data[:40])
    with app.app_context():
        print(render_template_string("outside {{ 1 + 1 }}"))
