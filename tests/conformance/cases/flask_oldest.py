"""Flask, as its first supported version knows it: routes, hooks, handlers and blueprints."""

from flask import Blueprint, Flask, abort, after_this_request, g, jsonify, render_template_string
from flask import got_request_exception, redirect, request, request_finished, request_started
from flask import send_from_directory, url_for
from flask.views import MethodView, View
from werkzeug.routing import Rule

app = Flask(__name__, static_folder="static")
part = Blueprint("part", __name__, url_prefix="/part")


@app.before_first_request
def once():
    print("before the first request")


@app.before_request
def first():
    g.seen = ["first"]
    if request.path == "/stopped":
        return "stopped by a hook", 403


@app.before_request
def second():
    if request.path == "/hook_raises":
        raise ValueError("in a hook")


@app.after_request
def after(answer):
    answer.headers["X-After"] = "yes"
    return answer


@app.teardown_request
def teardown(error):
    print("teardown_request", repr(error))


@app.teardown_appcontext
def teardown_context(error):
    print("teardown_appcontext", repr(error))


@app.errorhandler(404)
def not_found(error):
    return "no such page", 404


@app.errorhandler(KeyError)
def no_key(error):
    return "no key", 400


app.register_error_handler(410, lambda error: ("gone", 410))


@part.before_app_first_request
def part_once():
    pass


@part.before_request
def part_before():
    pass


@part.after_request
def part_after(answer):
    return answer


@part.teardown_request
def part_teardown(error):
    pass


@part.before_app_request
def part_before_app():
    pass


@part.after_app_request
def part_after_app(answer):
    return answer


@part.teardown_app_request
def part_teardown_app(error):
    pass


@part.errorhandler(ZeroDivisionError)
def part_zero(error):
    return "zero", 400


@part.app_errorhandler(411)
def part_length(error):
    return "length", 411


@app.route("/")
def index():
    return "index"


@app.route("/text/<name>/<int:number>")
def text(name, number):
    return "%s %d %s" % (name, number, index())


@app.route("/json", endpoint="named")
def json_answer():
    return jsonify(a=1, b=[1, 2])


@app.route("/once")
def answer_once():
    @after_this_request
    def add(answer):
        answer.headers["X-Once"] = "yes"
        return answer

    return "once"


@app.route("/template")
def template():
    return render_template_string("{{ word }}", word="words")


@app.route("/file")
def file():
    return send_from_directory("static", "file.txt")


@app.route("/stopped")
@app.route("/hook_raises")
def behind():
    return "behind the hooks"


@app.route("/raises")
def raises():
    raise RuntimeError("in a view")


@app.route("/key")
def key():
    raise KeyError("k")


@app.route("/abort/<int:code>")
def abort_with(code):
    abort(code)


@app.route("/redirect")
def away():
    return redirect(url_for("index"))


@app.route("/post", methods=["POST"])
def post():
    return request.data


app.add_url_rule("/lambda", "lambda", lambda: "lambda")
app.url_map.add(Rule("/later", endpoint="later"))


@app.endpoint("later")
def later():
    return "later"


class Plain(View):
    def dispatch_request(self):
        return "a view of a class"


class Methods(MethodView):
    def get(self):
        return "get"

    def put(self):
        return "put"


app.add_url_rule("/plain", view_func=Plain.as_view("plain"))
app.add_url_rule("/methods", view_func=Methods.as_view("methods"))


@part.route("/view")
def part_view():
    return "part"


@part.route("/zero")
def part_raises():
    return str(1 // 0)


app.register_blueprint(part)


def on_started(sender, **extra):
    print("signal started")


def on_finished(sender, response, **extra):
    print("signal finished", response.status_code)


def on_exception(sender, exception, **extra):
    print("signal exception", repr(exception))


request_started.connect(on_started, app)
request_finished.connect(on_finished, app)
got_request_exception.connect(on_exception, app)

if __name__ == "__main__":
    import logging

    logging.disable(logging.CRITICAL)
    client = app.test_client()
    paths = "/ /text/a/2 /json /once /template /file /stopped /hook_raises /raises /key /abort/404"
    paths += " /abort/410 /abort/411 /abort/400 /redirect /lambda /later /plain /methods"
    paths += " /part/view /part/zero /static/file.txt /static/none /none /?a=1&password=b"
    for path in paths.split():
        answer = client.get(path)
        print(path, answer.status, answer.data[:20], sorted(k for k in answer.headers.keys() if k[:2] == "X-"))
        answer.close()
    for method, path in [("POST", "/post"), ("PUT", "/methods"), ("GET", "/post"), ("HEAD", "/"), ("OPTIONS", "/")]:
        answer = client.open(path, method=method, data=b"body")
        print(method, path, answer.status, answer.data[:20])
        answer.close()
    print(index(), index.__name__, app.view_functions["index"] is index)
