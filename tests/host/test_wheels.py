"""Wheels with large native parts bind to their own libraries, not to what the program is linked with."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from conftest import LAUNCHER  # noqa: E402
from fakes.agent import Agent  # noqa: E402

# Each is used, not only imported: what is bound lazily shows itself then.
WHEELS = {
    "grpc": """
import grpc
from concurrent.futures import ThreadPoolExecutor
class Handler(grpc.GenericRpcHandler):
    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(lambda request, context: request[::-1])
server = grpc.server(ThreadPoolExecutor(1), handlers=[Handler()])
port = server.add_insecure_port("127.0.0.1:0")
server.start()
with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
    print(channel.unary_unary("/a/b")(b"abc", timeout=20))
server.stop(None).wait()
""",
    "google.protobuf": """
from google.protobuf import struct_pb2
from google.protobuf.internal import api_implementation
message = struct_pb2.Struct()
message.update({"a": [1, "x"]})
print(api_implementation.Type(), struct_pb2.Struct.FromString(message.SerializeToString()) == message)
""",
    "cryptography": """
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.fernet import Fernet
import hashlib, ssl
key = Fernet(Fernet.generate_key())
print(key.decrypt(key.encrypt(b"x")), AESGCM(b"k" * 16).encrypt(b"n" * 12, b"x", b""), hashlib.sha256(b"x").hexdigest())
ssl.create_default_context()
""",
    "numpy": """
import numpy
a = numpy.arange(4.0).reshape(2, 2)
print(numpy.linalg.inv(a).tolist(), numpy.fft.fft([1, 2]).tolist())
""",
    "psycopg": """
import psycopg
print(psycopg.pq.__impl__, psycopg.pq.version() > 0)
try: psycopg.connect("host=127.0.0.1 port=1 connect_timeout=5")
except psycopg.OperationalError as error: print(type(error))
""",
}

SPANS = """
import threading
from ddtrace.trace import tracer
done = threading.Event()
def trace():
    while not done.is_set():
        with tracer.trace("beside"): pass
        tracer.flush()
thread = threading.Thread(target=trace)
thread.start()
try:
    exec(SOURCE)
finally:
    done.set()
    thread.join()
"""


@pytest.mark.parametrize("source", WHEELS.values(), ids=WHEELS.keys())
def test_wheels_work_while_spans_are_sent(both, libraries, source):
    python = pathlib.Path(libraries["VIRTUAL_ENV"]) / "bin/python"
    with Agent() as agent:
        env = {**libraries, "DD_TRACE_AGENT_URL": agent.url, "GRPC_VERBOSITY": "NONE"}
        expected = both.run(python, "-c", source, env={**env, "VIRTUAL_ENV": ""})
        assert expected[0] == 0, expected
        assert both.run(LAUNCHER, "-c", f"SOURCE = {source!r}\n" + SPANS, env=env) == expected
        assert {span["name"] for span in agent.spans(1)} >= {"beside"}
