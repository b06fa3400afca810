"""Shows what the client of metrics sends, a line a case.

Run by compare.py with both interpreters.
"""

import os
import re
import socket
import warnings

warnings.simplefilter("ignore")
os.environ.update(DD_ENTITY_ID="", DATADOG_TAGS="")
from ddtrace.internal.dogstatsd import get_dogstatsd_client  # noqa: E402
from ddtrace.vendor.dogstatsd import DogStatsd  # noqa: E402

agent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
agent.bind(("127.0.0.1", 0))
agent.settimeout(0.02)
PORT = agent.getsockname()[1]


def sent():
    lines = []
    try:
        while True:
            lines.append(agent.recv(65536).decode("utf-8", "replace"))
    except OSError:
        return re.sub(r"\|c:[\w-]+|\|d:\d+", "", repr(lines))


def show(name, call, **settings):
    client = DogStatsd(host="127.0.0.1", port=PORT, disable_telemetry=True,
                       origin_detection_enabled=False, **settings)
    try:
        answer = repr(call(client))
    except BaseException as error:
        answer = f"{type(error).__name__}: {error}"
    client.flush()
    client.close_socket()
    answer = re.sub(r"0x[0-9a-f]+", "0x", answer)
    text = re.sub(r"timed:[\d.e-]+", "timed:", sent())
    print(f"{name} | {answer} {text}")


for kind in ("gauge", "increment", "decrement", "histogram", "distribution", "timing", "set"):
    for args in (("m", 1), ("m", 1.5), ("m", -3), ("m", 2**70), ("m", 1e-9), ("m", "text"), ("m", True),
                 ("m", None), ("é", 1), ("a b|c:d", 1), ("", 1)):
        show(f"{kind}{args}", lambda c: getattr(c, kind)(*args))
    for tags in (["a:b"], ["a:b", "c"], [], ["é:ü"], ["a|b:c,d"], None, ["x" * 300]):
        show(f"{kind} tags {tags!r}"[:80], lambda c: getattr(c, kind)("m", 1, tags=tags))
    show(f"{kind} rate", lambda c: getattr(c, kind)("m", 1, sample_rate=1.0))
    show(f"{kind} no rate", lambda c: getattr(c, kind)("m", 1, sample_rate=0))
    show(f"{kind} namespace", lambda c: getattr(c, kind)("m", 1), namespace="ns")
    show(f"{kind} constant", lambda c: getattr(c, kind)("m", 1, tags=["own:1"]), constant_tags=["k:v"])
show("increment default", lambda c: c.increment("m"))
show("decrement default", lambda c: c.decrement("m"))
for given in ({}, {"alert_type": "error"}, {"priority": "low"}, {"tags": ["a:b"]}, {"hostname": "h"},
              {"aggregation_key": "k"}, {"source_type_name": "s"}, {"date_happened": 5},
              {"alert_type": "warning", "priority": "normal", "hostname": "h", "aggregation_key": "k",
               "source_type_name": "s", "date_happened": 7, "tags": ["t"]}):
    show(f"event {given}", lambda c: c.event("title", "text", **given))
show("event newline", lambda c: c.event("ti\ntle", "te\nxt\r"))
show("event utf8", lambda c: c.event("tïtle", "té"))
show("event long", lambda c: c.event("t", "x" * 9000))
show("event tags", lambda c: c.event("t", "x", tags=["a:b"]), constant_tags=["k:v"])
for given in ({}, {"tags": ["a:b"]}, {"hostname": "h"}, {"timestamp": 5}, {"message": "m\nn"},
              {"message": "m:x", "hostname": "h", "tags": ["t"], "timestamp": 9}):
    show(f"check {given}", lambda c: c.service_check("n", c.OK, **given))
show("check name", lambda c: c.service_check("n|x", c.CRITICAL))


def timed(client):
    with client.timed("timed"):
        pass

    @client.timed("timed", tags=["a:b"])
    def function():
        return 7

    return function()


show("timed", timed)
show("timed ms", timed, use_ms=True)


def buffered(client):
    with client as same:
        same.gauge("a", 1)
        same.gauge("b", 2)
        return same is client


show("buffer", buffered)
show("open", lambda c: (c.open_buffer(), c.increment("x"), c.close_buffer()))
show("defaults", lambda c: (c.host == "127.0.0.1", c.namespace, c.constant_tags, c.use_ms,
                            c.default_sample_rate, c.OK, c.WARNING, c.CRITICAL, c.UNKNOWN))
for url in ("udp://h:1", "h:1", "h", "unix:///a", "/a", "http://h", "tcp://x"):
    try:
        made = get_dogstatsd_client(url)
        print(f"client {url} | {made.host} {made.port} {made.socket_path}")
    except Exception as error:
        print(f"client {url} | {type(error).__name__}: {error}")
