"""consul: keys put, read and deleted in a server of this program, and one that is not there."""

import base64
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import consul


class Store(BaseHTTPRequestHandler):
    kept = {}

    def answer(self, body, status=200):
        self.send_response(status)
        self.send_header("X-Consul-Index", "7")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self):
        self.kept[self.path.split("?")[0]] = self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.answer(b"true")

    def do_GET(self):
        key, value = self.path.split("?")[0], self.kept.get(self.path.split("?")[0])
        if "broken" in key:
            self.answer(b"broken", 500)
        elif value is None:
            self.answer(b"", 404)
        else:
            row = {"Key": key, "Value": base64.b64encode(value).decode(), "Flags": 0}
            self.answer(json.dumps([row]).encode())

    def do_DELETE(self):
        self.kept.pop(self.path.split("?")[0], None)
        self.answer(b"true")

    def log_message(self, *words):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Store)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = consul.Consul(host="127.0.0.1", port=server.server_address[1])
print(client.kv.put("things/one", "first"))
print(client.kv.put(key="two", value="second", flags=3))
print(client.kv.get("things/one")[1]["Value"])
print(client.kv.get(key="two", recurse=True)[1][0]["Value"])
print(client.kv.get("nothing"))
print(client.kv.delete("two"), client.kv.delete(key="things", recurse=True))
try:
    client.kv.get("broken")
except Exception as error:
    print(type(error).__name__)
try:
    client.kv.put("x", 5)
except AssertionError as error:
    print(type(error).__name__)
if not sys.argv[1:]:
    try:
        consul.Consul(host="localhost", port=1).kv.get("far")
    except Exception as error:
        print(type(error).__name__)
server.shutdown()
