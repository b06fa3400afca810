"""Templates, queries, calls, logs and what carries contexts, for growth.py: each makes what one round does."""

import contextlib
import os


def jinja2():
    import jinja2 as library

    pages = library.DictLoader({"page": "{% for n in items %}{{ n }}{% endfor %}", "bad": "{{ 1 // 0 }}"})
    environment = library.Environment(loader=pages, cache_size=0)

    def run():
        environment.get_template("page").render(items=range(3))
        environment.from_string("{{ a }}").render(a=1)
        with contextlib.suppress(ZeroDivisionError):
            environment.get_template("bad").render()

    return run


def graphql():
    import graphql_basic as program

    asked = ("{ item(number: 2) { name } }", "{ fails }", "{ nothing }", "{ item")
    return lambda: [program.graphql_sync(program.schema, text) for text in asked]


def grpc():
    from concurrent.futures import ThreadPoolExecutor

    import grpc as library

    def one(request, context):
        if request == b"fails":
            context.abort(library.StatusCode.NOT_FOUND, "gone")
        return request

    class Service(library.GenericRpcHandler):
        def service(self, details):
            if details.method.endswith("One"):
                return library.unary_unary_rpc_method_handler(one)
            return library.unary_stream_rpc_method_handler(lambda request, context: iter((request, request)))

    server = library.server(ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers((Service(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    channel = library.insecure_channel(f"127.0.0.1:{port}")
    single, many = channel.unary_unary("/case.Service/One"), channel.unary_stream("/case.Service/Many")

    def run(server=server):
        single(b"a")
        single.future(b"b").result()
        list(many(b"c"))
        with contextlib.suppress(library.RpcError):
            single(b"fails")

    return run


def mysql():
    import mysql.connector as driver
    from growth_clients import port, statements

    there = {"host": "127.0.0.1", "port": port("mariadb"), "user": "root", "database": "cases"}
    return statements(driver.connect(**there), driver.Error)


def asyncpg():
    import asyncio as loops

    import asyncpg as driver
    from growth_clients import port

    loop = loops.new_event_loop()
    there = {"host": "127.0.0.1", "port": port("postgres"), "user": "case", "database": "cases"}
    connection = loop.run_until_complete(driver.connect(**there))

    async def statements():
        await connection.fetch("SELECT $1::int", 1)
        await connection.execute("SELECT 1")
        with contextlib.suppress(driver.PostgresError):
            await connection.execute("SELECT nothing FROM nowhere")

    return lambda: loop.run_until_complete(statements())


def redis_asyncio():
    import asyncio as loops

    import redis.asyncio as library
    from growth_clients import port

    loop = loops.new_event_loop()
    client = library.Redis(port=port("redis"))

    async def commands():
        await client.set("a", "b")
        await client.pipeline().get("a").get("b").execute()
        with contextlib.suppress(library.ResponseError):
            await client.lpush("a", "c")

    return lambda: loop.run_until_complete(commands())


def asyncio():
    import asyncio as loops

    from ddtrace.trace import tracer

    async def inner(fails):
        if fails:
            raise ValueError("failed")
        await loops.sleep(0)

    loop = loops.new_event_loop()

    async def tasks():
        with tracer.trace("outer"):
            await loops.gather(*(loops.create_task(inner(n == 1)) for n in range(3)), return_exceptions=True)
            loops.get_running_loop().call_soon(len, "text")
            await loops.to_thread(len, "text")

    return lambda: loop.run_until_complete(tasks())


def futures():
    from concurrent.futures import ThreadPoolExecutor
    from threading import Thread

    from ddtrace.trace import tracer

    pool = ThreadPoolExecutor(2)

    def run():
        with tracer.trace("outer"):
            pool.submit(len, "text").result()
            list(pool.map(len, ("a", "b")))
            thread = Thread(target=len, args=("text",))
            thread.start()
            thread.join()

    return run


def subprocess():
    import subprocess as library

    return lambda: [library.run(["/bin/true"], check=True), os.system("true")]


def logging():
    import io
    import logging as library

    from ddtrace.trace import tracer

    library.disable(library.NOTSET)
    logger = library.getLogger("own")
    logger.propagate = False
    handler = library.StreamHandler(io.StringIO())
    handler.setFormatter(library.Formatter("%(dd.trace_id)s %(message)s"))
    logger.addHandler(handler)

    def run():
        handler.setStream(io.StringIO())
        with tracer.trace("outer"):
            logger.warning("text %s", 1)
        logger.warning("outside")

    return run


def structlog():
    import structlog as library
    from ddtrace.trace import tracer

    library.configure(processors=[library.processors.JSONRenderer()], logger_factory=library.ReturnLoggerFactory())
    log = library.get_logger()

    def run():
        with tracer.trace("outer"):
            log.info("text", a=1)
        log.bind(b=2).warning("outside")

    return run


def loguru():
    from ddtrace.trace import tracer
    from loguru import logger

    logger.remove()
    logger.add(len, format="{message}")

    def run():
        with tracer.trace("outer"):
            logger.bind(user=1).info("text")
        logger.warning("outside")

    return run
