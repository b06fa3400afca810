"""grpc, told not to send traces on, and then not to continue those that came; a call that is aborted."""

import subprocess
import sys
from concurrent import futures

import grpc
from ddtrace import config
from ddtrace.contrib.internal.grpc.patch import unpatch


class Service(grpc.GenericRpcHandler):
    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(getattr(self, details.method.rpartition("/")[2]))

    def Sent(self, request, context):
        sent = {key for key, _ in context.invocation_metadata()}
        return str("traceparent" in sent).encode()

    def Stop(self, request, context):
        context.abort(grpc.StatusCode.NOT_FOUND, "nothing there")


if sys.argv[1:]:
    config.grpc_server["distributed_tracing_enabled"] = sys.argv[1] == "continuing"
    server = grpc.server(futures.ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers((Service(),))
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    sys.stdin.read()
    server.stop(None).wait()
    sys.exit()
for server in ("continuing", "apart", "alone"):
    child = subprocess.Popen(
        [sys.executable, __file__, server], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    if server == "alone":
        unpatch()
    with grpc.insecure_channel(f"127.0.0.1:{int(child.stdout.readline())}") as channel:
        for wanted in (False, True):
            config.grpc["distributed_tracing_enabled"] = wanted
            print(server, wanted, channel.unary_unary("/shop.Orders/Sent")(b""))
        if server == "alone":
            try:
                channel.unary_unary("/shop.Orders/Stop")(b"")
            except grpc.RpcError as error:
                print(error.code(), error.details())
    child.communicate()
