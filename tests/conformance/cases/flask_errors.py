"""Flask: errors, those who handle them, and those who do not."""

import logging

from flask import Flask, abort
from werkzeug.exceptions import HTTPException, NotFound, Unauthorized

logging.disable(logging.CRITICAL)


class Refused(Exception):
    pass


def make_app():
    app = Flask(__name__)

    @app.get("/broken")
    def broken():
        raise RuntimeError("broken")

    @app.get("/refused")
    def refused():
        raise Refused("refused")

    @app.get("/unauthorized")
    def unauthorized():
        raise Unauthorized("who")

    @app.get("/abort")
    def aborting():
        abort(418)

    @app.get("/chained")
    def chained():
        try:
            {}["key"]
        except KeyError as error:
            raise ValueError("chained") from error

    @app.get("/nothing")
    def nothing():
        return None

    @app.get("/exits")
    def exits():
        raise SystemExit(3)

    return app


def with_handlers():
    app = make_app()

    @app.errorhandler(Refused)
    def on_refused(error):
        return f"handled {error}", 409

    @app.errorhandler(404)
    def on_missing(error):
        return "own 404", 404

    @app.errorhandler(HTTPException)
    def on_http(error):
        return f"own {error.code}", error.code

    @app.errorhandler(500)
    def on_error(error):
        return f"own 500 {error.original_exception!r}", 500

    return app


def late_handlers():
    app = make_app()
    app.register_error_handler(NotFound, lambda error: ("registered", 410))
    app.register_error_handler(Exception, lambda error: ("anything", 500))
    return app


URLS = ["/broken", "/refused", "/unauthorized", "/abort", "/chained", "/nothing", "/missing"]


def ask(app, urls):
    client = app.test_client()
    for url in urls:
        try:
            answer = client.get(url)
            print(url, answer.status, answer.data[:40])
        except BaseException as error:
            print(url, "raises", repr(error))


if __name__ == "__main__":
    for make in (make_app, with_handlers, late_handlers):
        print(make.__name__)
        ask(make(), URLS)
    print("testing")
    app = make_app()
    app.testing = True
    ask(app, ["/broken", "/exits"])
    print("debug")
    app = make_app()
    app.debug = True
    ask(app, ["/broken", "/missing"])
