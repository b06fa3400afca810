"""Flask: the steps of a request called by hand, without a request."""

from flask import Flask

app = Flask(__name__)


@app.get("/deep")
def deep():
    return "deep"


if __name__ == "__main__":
    with app.test_request_context("/deep"):
        print(app.preprocess_request(), app.dispatch_request())
    with app.test_request_context("/deep"):
        print(app.full_dispatch_request().status)
    with app.app_context():
        print(app.make_response("made").status)
