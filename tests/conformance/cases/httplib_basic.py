"""http.client: requests in one call and in pieces, answers of every kind, and what goes wrong."""

import http.client
import urllib.error
import urllib.request
from urllib.parse import urlsplit

from serving import SEEN, serving, tracing_headers


def refused(call, *arguments, **named):
    try:
        call(*arguments, **named)
    except Exception as error:
        print(type(error).__name__, str(error).split("0x")[0])


with serving() as base:
    host, port = urlsplit(base).hostname, urlsplit(base).port
    connection = http.client.HTTPConnection(host, port, timeout=20)
    for method, path, *more in (
        ("GET", "/get"),
        ("GET", "/get?a=1&password=secret#fragment"),
        ("HEAD", "/head"),
        ("POST", "/post", b"body"),
        ("post", "/lower", b"body"),
        ("PUT", "/put", "text", {"X-Asked": "1", "User-Agent": "own"}),
        ("GET", "/status/404"),
        ("GET", "/status/500"),
        ("GET", "/redirect"),
        ("GET", "/own", None, {"x-datadog-trace-id": "1", "traceparent": "own"}),
        ("GET", base + "/absolute"),
    ):
        connection.request(method, path, *more)
        response = connection.getresponse()
        print(response.status, response.reason, response.read(), tracing_headers())

    connection.putrequest("GET", "/pieces")
    connection.putheader("X-Asked", "2")
    connection.putheader("User-Agent", "pieces")
    connection.endheaders()
    print(connection.getresponse().read(), tracing_headers())

    refused(connection.getresponse)
    refused(connection.request, "GET", "/bad path")
    refused(connection.getresponse)
    refused(connection.putrequest, "GET", "/bad pieces")
    connection.close()

    for url in ("/urllib?x=1", "/redirect", "/status/503"):
        request = urllib.request.Request(base + url, headers={"User-agent": "urllib"})
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                print(response.status, response.read(), tracing_headers())
        except urllib.error.HTTPError as error:
            print(error.code, tracing_headers())
            error.close()

    nobody = http.client.HTTPConnection("127.0.0.1", 1, timeout=1)
    refused(nobody.request, "GET", "/nobody")
    secure = http.client.HTTPSConnection(host, port, timeout=20)
    try:
        secure.request("GET", "/secure")
    except OSError as error:
        print(type(error).__name__)
    SEEN.clear()
print(http.client.HTTPConnection.request.__name__, http.client.HTTPConnection.__init__.__qualname__)
