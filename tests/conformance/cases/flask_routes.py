"""Flask: routes of every shape, and how the answers are made."""

import sys

import flask
from flask import Flask, abort, jsonify, make_response, redirect, request, url_for
from flask.views import MethodView

app = Flask(__name__, static_folder="static")
app.secret_key = "no secret"
blueprint = flask.Blueprint("people", __name__, url_prefix="/people")
inner = flask.Blueprint("inner", __name__)


@app.route("/")
def index():
    return "index"


@app.route("/text/<name>/<int:number>")
def text(name, number):
    return f"{name} {number}"


@app.route("/path/<path:rest>", defaults={"rest": ""})
@app.route("/path/<path:rest>")
def path(rest):
    return rest


@app.get("/json")
def json_answer():
    return jsonify(a=1, b=[1, 2])


@app.get("/dict")
def dict_answer():
    return {"a": 1}


@app.post("/echo")
def echo():
    return request.get_json()


@app.post("/form")
def form():
    return request.form["word"]


@app.get("/status/<int:code>")
def status(code):
    return "answer", code


@app.get("/abort/<int:code>")
def aborting(code):
    abort(code)


@app.get("/redirect")
def redirecting():
    return redirect(url_for("index"))


@app.get("/made")
def made():
    answer = make_response("made", 202)
    answer.headers["X-Answer"] = "yes"
    answer.set_cookie("c", "v")
    return answer


@app.get("/async")
def context_of_flask():
    flask.g.word = "g"
    flask.session["n"] = 1
    return flask.current_app.name + flask.g.word


class Things(MethodView):
    def get(self, key):
        return f"thing {key}"

    def put(self, key):
        return f"put {key}"


app.add_url_rule("/things/<key>", view_func=Things.as_view("things"))
app.add_url_rule("/lambda", "lambda_endpoint", lambda: "lambda")
app.add_url_rule("/later", "later")


@app.endpoint("later")
def later():
    return "later"


@blueprint.route("/")
def people():
    return "people"


@blueprint.route("/<int:key>")
def person(key):
    return f"person {key}"


@inner.route("/inner")
def inner_view():
    return "inner"


blueprint.register_blueprint(inner, url_prefix="/deep")
app.register_blueprint(blueprint)

REQUESTS = [
    ("GET", "/", {}),
    ("HEAD", "/", {}),
    ("OPTIONS", "/", {}),
    ("POST", "/", {"data": b"x"}),
    ("GET", "/text/ann/3", {}),
    ("GET", "/text/ann/three", {}),
    ("GET", "/path/a/b/c?q=1&token=secret", {}),
    ("GET", "/path/", {}),
    ("GET", "/json", {}),
    ("GET", "/dict", {}),
    ("POST", "/echo", {"json": {"k": "v"}}),
    ("POST", "/echo", {"data": b"{", "content_type": "application/json"}),
    ("POST", "/form", {"data": {"word": "w"}}),
    ("POST", "/form", {"data": {}}),
    ("GET", "/status/201", {}),
    ("GET", "/status/404", {}),
    ("GET", "/status/503", {}),
    ("GET", "/abort/401", {}),
    ("GET", "/abort/503", {}),
    ("GET", "/redirect", {"follow_redirects": True}),
    ("GET", "/made", {}),
    ("GET", "/async", {}),
    ("GET", "/things/x", {}),
    ("PUT", "/things/x", {}),
    ("DELETE", "/things/x", {}),
    ("GET", "/lambda", {}),
    ("GET", "/later", {}),
    ("GET", "/people", {}),
    ("GET", "/people/", {}),
    ("GET", "/people/5", {}),
    ("GET", "/people/deep/inner", {}),
    ("GET", "/static/word.txt", {}),
    ("GET", "/static/none.txt", {}),
    ("GET", "/nowhere", {"headers": {"User-Agent": "agent/1", "Referer": "http://from.test/x"}}),
]

if __name__ == "__main__":
    client = app.test_client()
    few = sys.argv[1:] == ["few"]
    for method, url, options in REQUESTS[::5] if few else REQUESTS:
        answer = client.open(url, method=method, **options)
        print(method, url, answer.status, answer.data[:30])
