"""A server that calls a WSGI application by hand."""

import io


def call(application, url, method="GET", body=b"", **headers):
    at, _, query = url.partition("?")
    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": at,
        "QUERY_STRING": query,
        "SERVER_NAME": "wsgi.test",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "wsgi.test",
        "HTTP_USER_AGENT": "case/1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **{"HTTP_" + key.upper().replace("-", "_"): value for key, value in headers.items()},
    }
    answers = []

    def start_response(status, fields, error=None):
        answers.append(status)

    try:
        parts = application(environ, start_response)
        try:
            text = b"".join(parts)
        finally:
            if hasattr(parts, "close"):
                parts.close()
    except Exception as error:
        print(method, url, "raised", repr(error))
        return
    print(method, url, answers, text[:40])
