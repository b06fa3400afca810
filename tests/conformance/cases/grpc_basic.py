"""grpc: calls of the four shapes, futures."""

import subprocess
import sys
from concurrent import futures

import grpc


class Service(grpc.GenericRpcHandler):
    def service(self, details):
        name = details.method.rpartition("/")[2]
        if name == "One":
            return grpc.unary_unary_rpc_method_handler(self.one)
        if name == "Many":
            return grpc.unary_stream_rpc_method_handler(self.many)
        if name == "Sum":
            return grpc.stream_unary_rpc_method_handler(self.sum)
        if name == "Chat":
            return grpc.stream_stream_rpc_method_handler(self.chat)
        return None

    def one(self, request, context):
        return request + b"!"

    def many(self, request, context):
        yield from (request, request)

    def sum(self, requests, context):
        return b"".join(requests)

    def chat(self, requests, context):
        for request in requests:
            yield request + b"?"


def show(label, call):
    try:
        print(label, call())
    except grpc.RpcError as error:
        print(label, error.code().name)


def serve():
    server = grpc.server(futures.ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers((Service(),))
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    sys.stdin.read()
    server.stop(None).wait()


if sys.argv[1:] == ["serve"]:
    serve()
    sys.exit()
child = subprocess.Popen(
    [sys.executable, __file__, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
)
port = int(child.stdout.readline())
with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
    one = channel.unary_unary("/case.Service/One")
    show("one", lambda: one(b"a", timeout=60))
    show("metadata", lambda: one.with_call(b"a", 60, (("x-own", "1"),))[0])
    show("many", lambda: list(channel.unary_stream("/case.Service/Many")(b"a", timeout=60)))
    show("sum", lambda: channel.stream_unary("/case.Service/Sum")(iter([b"a", b"b"]), timeout=60))
    show("chat", lambda: list(channel.stream_stream("/case.Service/Chat")(iter([b"a"]), timeout=60)))
    show("future", lambda: one.future(b"b", timeout=60).result())
    show("no package", lambda: channel.unary_unary("/Plain/One")(b"c", timeout=60))
child.communicate()
print(child.returncode)
