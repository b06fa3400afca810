"""Flask: views that are no plain functions: objects, methods, partial functions, classes, classes of views."""

import functools
import logging

from flask import Blueprint, Flask
from flask.views import MethodView, View

logging.disable(logging.CRITICAL)
app = Flask(__name__)
part = Blueprint("part", __name__)


class Told:
    """Asked for its name."""

    __name__ = "told"

    def __call__(self, **words):
        return f"told {sorted(words.items())}"

    def method(self):
        return "method"


class Fails:
    __name__ = "fails"

    def __call__(self):
        raise ValueError("failed")


class Page(View):
    def __init__(self, word):
        self.word = word

    def dispatch_request(self, name):
        return f"page {self.word} {name}"


class Methods(MethodView):
    def get(self):
        return "get"

    def post(self):
        raise KeyError("post")


def join(a, b):
    return a + b


told = Told()
app.add_url_rule("/given/<int:n>", "given", told)
app.add_url_rule("/own", view_func=told)
app.add_url_rule("/fails", view_func=Fails())
app.add_url_rule("/page/<name>", view_func=Page.as_view("page", word="w"))
app.add_url_rule("/methods", view_func=Methods.as_view("methods"))
app.add_url_rule("/partial", "joined", functools.partial(join, "a", "b"))
app.add_url_rule("/bound", "bound", told.method)
app.add_url_rule("/class", "class", str)
part.add_url_rule("/part", "inner", told)
app.register_blueprint(part, url_prefix="/of")

if __name__ == "__main__":
    client = app.test_client()
    for path in "/given/3 /own /fails /page/z /methods /partial /bound /class /of/part".split():
        answer = client.get(path)
        print(path, answer.status_code, answer.data[:30])
    for answer in (client.post("/methods"), client.options("/own"), client.post("/own")):
        print(answer.status_code, answer.data[:30])
    print([app.view_functions[name] is told for name in ("given", "told", "part.inner")])
    print(type(app.view_functions["joined"]).__name__, app.view_functions["bound"] == told.method)
