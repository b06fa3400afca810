"""requests: what arrives at the socket, header by header, on every way that a request may take."""

import functools
import http.client
import socket
import threading
from unittest import mock

import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPDigestAuth
from urllib3.util.retry import Retry

OURS = ("x-datadog", "trace", "baggage")


def answer(status, *headers):
    lines = [f"HTTP/1.1 {status}", "Content-Length: 2", *headers, "", "ok"]
    return "\r\n".join(lines).encode()


class Wire:
    """Answers each request with the next of the given answers and keeps what it was sent."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.seen = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=[connection], daemon=True).start()

    def serve(self, connection):
        with connection, connection.makefile("rb") as lines:
            while True:
                head = []
                while (line := lines.readline()) not in (b"\r\n", b""):
                    head.append(line.decode().rstrip())
                if not head:
                    return
                if "Transfer-Encoding: chunked" in head:
                    while lines.readline() != b"0\r\n":
                        lines.readline()
                    lines.readline()
                for line in head:
                    if line.startswith("Content-Length: "):
                        lines.read(int(line.partition(" ")[2]))
                self.seen.append(head)
                if self.answers:
                    connection.sendall(self.answers.pop(0))
                else:
                    connection.sendall(answer("200 OK"))

    def show(self, label):
        print(label)
        for request, *headers in self.seen:
            print("  ", request.replace(self.url, "<url>"))
            for name, _, value in (line.partition(": ") for line in headers):
                ours = name.lower().startswith(OURS)
                print("     ", name, value if ours else "")
        self.seen.clear()


def show_sent(label, headers):
    print("  ", label, [name for name in headers if name.lower().startswith(OURS)])


class OwnAdapter(HTTPAdapter):
    def send(self, request, **arguments):
        show_sent("the adapter sees", request.headers)
        return super().send(request, **arguments)


class Connecting(requests.Session):
    def get_adapter(self, url):
        return OwnAdapter()


def plain():
    wire = Wire()
    response = requests.get(wire.url + "/plain")
    wire.show("plain")
    show_sent("afterwards", response.request.headers)
    requests.post(wire.url + "/body", data="text")
    wire.show("body")
    requests.get(wire.url + "/own", headers={"X-Datadog-Trace-Id": "1", "Last": "2"})
    wire.show("a header of the caller's")
    requests.get(wire.url + "/hook", hooks={"response": lambda r, **_: show_sent("hook", r.request.headers)})
    wire.show("hook")


def again():
    wire = Wire(answer("503 Busy"), answer("200 OK"))
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=Retry(2, status_forcelist=[503], backoff_factor=0)))
        session.get(wire.url + "/retried")
    wire.show("a retry")
    wire = Wire(answer("302 Found", "Location: /there"))
    requests.get(wire.url + "/redirect")
    wire.show("a redirect")
    challenge = 'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"'
    wire = Wire(answer("401 Who", challenge))
    requests.get(wire.url + "/digest", auth=HTTPDigestAuth("a", "b"))
    wire.show("a challenge")


def proxies():
    wire = Wire()
    requests.get("http://other.test/proxied", proxies={"http": wire.url})
    wire.show("a proxy")
    wire = Wire(answer("403 No"))
    try:
        requests.get("https://other.test/tunnel", proxies={"https": wire.url})
    except requests.exceptions.ProxyError:
        print("refused")
    wire.show("a tunnel")


def adapters():
    wire = Wire()
    with requests.Session() as session:
        session.mount("http://", OwnAdapter())
        session.get(wire.url + "/own-adapter")
    Connecting().get(wire.url + "/own-session")
    wire.show("other adapters")
    original = HTTPAdapter.send

    def send(self, request, **arguments):
        show_sent("in its place", request.headers)
        return original(self, request, **arguments)

    with mock.patch.object(HTTPAdapter, "send", send):
        requests.get(wire.url + "/patched")
    wire.show("a patched adapter")
    with requests.Session() as session:
        request = session.prepare_request(requests.Request("GET", wire.url + "/prepared"))
        session.send(request)
        session.send(request)
    wire.show("the same request twice")


def bodies():
    wire, inner = Wire(), Wire()

    def parts():
        yield b"one"
        host, _, port = inner.url.removeprefix("http://").partition(":")
        connection = http.client.HTTPConnection(host, int(port))
        connection.request("GET", "/inside")
        connection.getresponse().read()
        connection.close()
        yield b"two"

    requests.post(wire.url + "/chunks", data=parts())
    wire.show("chunks")
    inner.show("sent meanwhile")


def at_once():
    wire = Wire()
    with requests.Session() as session:
        send = functools.partial(session.get, wire.url + "/same")
        threads = [threading.Thread(target=send) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    different = {line for head in wire.seen for line in head if line.startswith("x-datadog-parent-id")}
    print("at once", len(wire.seen), len(different))


for part in (plain, again, proxies, adapters, bodies, at_once):
    part()
