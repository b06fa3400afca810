"""grpc.aio: calls of the four shapes, errors, cancellation; the server in a process of its own."""

import asyncio
import subprocess
import sys

import grpc


class Service(grpc.GenericRpcHandler):
    def service(self, details):
        if details.method.startswith("/made"):
            return None
        name = details.method.rpartition("/")[2]
        if name in ("One", "Aborts", "Slow"):
            return grpc.unary_unary_rpc_method_handler(getattr(self, name.lower()))
        if name == "Many":
            return grpc.unary_stream_rpc_method_handler(self.many)
        if name == "Written":
            return grpc.unary_stream_rpc_method_handler(self.written)
        if name == "Sum":
            return grpc.stream_unary_rpc_method_handler(self.sum)
        if name == "Chat":
            return grpc.stream_stream_rpc_method_handler(self.chat)
        return None

    async def one(self, request, context):
        return request + b"!"

    async def aborts(self, request, context):
        await context.abort(grpc.StatusCode.NOT_FOUND, "nothing here")

    async def slow(self, request, context):
        await asyncio.sleep(60)

    async def many(self, request, context):
        for _ in range(2):
            yield request

    async def written(self, request, context):
        for _ in range(2):
            await context.write(request)

    async def sum(self, requests, context):
        return b"".join([request async for request in requests])

    async def chat(self, requests, context):
        async for request in requests:
            yield request + b"?"


async def serve():
    server = grpc.aio.server()
    service = Service()
    server.add_generic_rpc_handlers((service,))
    handlers = {"One": grpc.unary_unary_rpc_method_handler(service.one)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("made.Service", handlers),))
    if hasattr(server, "add_registered_method_handlers"):
        server.add_registered_method_handlers("made.Service", handlers)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    await server.start()
    await asyncio.to_thread(sys.stdin.read)
    await server.stop(None)


async def parts(*items):
    for item in items:
        yield item


async def show(label, answer):
    try:
        print(label, await answer)
    except grpc.RpcError as error:
        print(label, error.code().name)


async def listed(call):
    return [item async for item in call]


async def ask(port):
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        one = channel.unary_unary("/case.Service/One")
        await show("one", one(b"a", timeout=60))
        await show("metadata", one(b"a", metadata=(("x-own", "1"),)))
        await show("registered", channel.unary_unary("/made.Service/One")(b"r", timeout=60))
        await show("no package", channel.unary_unary("/Plain/One")(b"c", timeout=60))
        await show("aborts", channel.unary_unary("/case.Service/Aborts")(b"c", timeout=60))
        await show("late", channel.unary_unary("/case.Service/Slow")(b"c", timeout=0.2))
        await show("sum", channel.stream_unary("/case.Service/Sum")(parts(b"a", b"b")))
        if "unary" in sys.argv:
            return
        await show("many", listed(channel.unary_stream("/case.Service/Many")(b"a", timeout=60)))
        await show("written", listed(channel.unary_stream("/case.Service/Written")(b"a")))
        await show("chat", listed(channel.stream_stream("/case.Service/Chat")(parts(b"a"))))


if sys.argv[1:] == ["serve"]:
    asyncio.run(serve())
    sys.exit()
child = subprocess.Popen(
    [sys.executable, __file__, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
)
asyncio.run(ask(int(child.stdout.readline())))
child.communicate()
print(child.returncode)
