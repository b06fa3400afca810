"""Flask: functions before, after and around a request, and signals."""

from flask import Blueprint, Flask, after_this_request, g, got_request_exception
from flask import request_finished, request_started, template_rendered

app = Flask(__name__)
blueprint = Blueprint("part", __name__)


@app.before_request
def first():
    g.order = ["first"]


@app.before_request
def second():
    from flask import request

    if request.path == "/stopped":
        return "stopped by a hook", 403
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


@app.url_value_preprocessor
def preprocess(endpoint, values):
    pass


@app.url_defaults
def defaults(endpoint, values):
    pass


@app.context_processor
def context():
    return {"word": "context"}


@blueprint.before_request
def part_before():
    pass


@blueprint.after_request
def part_after(answer):
    return answer


@blueprint.before_app_request
def part_before_app():
    pass


@blueprint.after_app_request
def part_after_app(answer):
    return answer


@blueprint.teardown_request
def part_teardown(error):
    pass


@blueprint.teardown_app_request
def part_teardown_app(error):
    pass


@blueprint.app_errorhandler(410)
def part_gone(error):
    return "gone", 410


@blueprint.errorhandler(KeyError)
def part_key(error):
    return "key", 400


@blueprint.get("/part")
def part():
    return "part"


@blueprint.get("/part/key")
def part_raises():
    raise KeyError("k")


@app.get("/plain")
def plain():
    @after_this_request
    def once(answer):
        answer.headers["X-Once"] = "yes"
        return answer

    return "plain"


@app.get("/raises")
def raises():
    raise RuntimeError("in a view")


@app.get("/stopped")
@app.get("/hook_raises")
def behind():
    return "behind the hooks"


@app.get("/gone")
def gone():
    from flask import abort

    abort(410)


app.register_blueprint(blueprint)


def on_started(sender, **extra):
    print("signal started")


def on_finished(sender, response, **extra):
    print("signal finished", response.status_code)


def on_exception(sender, exception, **extra):
    print("signal exception", repr(exception))


request_started.connect(on_started, app)
request_finished.connect(on_finished, app)
got_request_exception.connect(on_exception, app)
template_rendered.connect(lambda *args, **extra: None, app)

if __name__ == "__main__":
    import logging

    logging.disable(logging.CRITICAL)
    client = app.test_client()
    for url in ["/plain", "/stopped", "/hook_raises", "/part", "/part/key", "/raises", "/gone", "/no"]:
        answer = client.get(url)
        print(url, answer.status, answer.data[:20])
        print(sorted(key for key in answer.headers.keys() if key[:2] == "X-"))
