"""Flask: answers that are made while they are sent."""

from flask import Flask, Response, stream_with_context

app = Flask(__name__)


@app.get("/chunks")
def chunks():
    return Response(str(number) for number in range(5))


@app.get("/context")
def context():
    def produce():
        from flask import request

        yield request.path
        yield "!"

    return Response(stream_with_context(produce()))


@app.get("/fails")
def fails():
    def produce():
        yield "one"
        raise RuntimeError("while streaming")

    return Response(produce())


@app.get("/passthrough")
def passthrough():
    answer = Response(iter([b"a", b"b"]))
    answer.direct_passthrough = True
    answer.call_on_close(lambda: print("closed"))
    return answer


if __name__ == "__main__":
    client = app.test_client()
    for url in ["/chunks", "/context", "/fails", "/passthrough"]:
        try:
            with client.get(url) as answer:
                print(url, answer.status, answer.get_data())
        except RuntimeError as error:
            print(url, "raises", repr(error))
    half = client.get("/chunks", buffered=False)
    print(next(iter(half.response)))
    half.close()
