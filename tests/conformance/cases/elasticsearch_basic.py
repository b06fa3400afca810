"""elasticsearch and opensearchpy: requests of the client, errors, asyncio: elasticsearch_basic.py MODULE"""

import asyncio
import importlib
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

library = importlib.import_module(sys.argv[1])


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status = 404 if "missing" in self.path else 500 if "broken" in self.path else 200
        body = {"took": 7, "hits": {"hits": []}} if "_search" in self.path else {"acknowledged": True}
        text = json.dumps(body if status == 200 else {"error": "no", "status": status}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer

    def log_message(self, *_):
        pass


def show(label, call):
    try:
        print(label, type(call()).__name__)
    except Exception as error:
        print(label, "raises", type(error).__name__)


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
place = f"http://127.0.0.1:{server.server_port}"
client = getattr(library, sys.argv[2])(place)
show("create", lambda: client.indices.create(index="ducks"))
show("put", lambda: client.index(index="ducks", id="10", body={"name": "ten"}, refresh=True))
show("bulk", lambda: client.bulk(body=[{"index": {"_index": "ducks"}}, {"name": "x"}]))
show("search", lambda: client.search(index=["ducks", "geese"], body={"query": {"match_all": {}}}, size=1))
show("one", lambda: client.search(index="ducks", body={"query": {"term": {"a": "b"}}}))
show("get", lambda: client.get(index="ducks", id="10"))
show("exists", lambda: client.indices.exists(index="missing"))
show("missing", lambda: client.get(index="ducks", id="missing"))
show("broken", lambda: client.count(index="broken"))
show("delete", lambda: client.indices.delete(index="ducks", ignore_unavailable=True))
client.close()
refused = getattr(library, sys.argv[2])("http://127.0.0.1:1", max_retries=0)
show("refused", lambda: refused.get(index="a", id="1"))


async def main():
    client = getattr(library, "Async" + sys.argv[2])(place)
    print(type(await client.search(index="ducks", body={"query": {"match_all": {}}})).__name__)
    try:
        await client.get(index="ducks", id="missing")
    except Exception as error:
        print(type(error).__name__)
    await client.close()


if "sync" not in sys.argv:
    asyncio.run(main())
