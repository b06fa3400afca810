"""redis: commands, pipelines, errors."""

import os

import redis


def show(label, call):
    try:
        print(label, call())
    except Exception as error:
        print(label, "raises", type(error).__name__, error)


client = redis.Redis(host="127.0.0.1", port=int(os.environ["REDIS_PORT"]), db=1)
show("set", lambda: client.set("cheese", "camembert"))
show("get", lambda: client.get("cheese"))
show("missing", lambda: client.get("nothing"))
show("mget", lambda: client.mget("cheese", "nothing", b"bytes", 5))
show("long", lambda: client.set("long", "x" * 2000))
show("many", lambda: client.rpush("list", *range(300)))
show("range", lambda: client.lrange("list", 0, 2))
show("hash", lambda: client.hset("hash", mapping={"a": 1, "b": 2}))
show("all", lambda: client.hgetall("hash"))
show("empty", lambda: client.hgetall("no hash"))
show("count", lambda: client.incr("count", 3))
show("exists", lambda: client.exists("cheese", "nothing"))
show("wrong type", lambda: client.lpush("cheese", "x"))
show("unknown", lambda: client.execute_command("NOSUCHCOMMAND", "a"))
show("eval", lambda: client.eval("return redis.call('get', KEYS[1])", 1, "cheese"))
show("unicode", lambda: client.set("käse", "crème"))
show("scan", lambda: sorted(client.scan_iter(count=100)))
with client.pipeline() as pipe:
    pipe.set("a", 1).get("a").incr("a")
    show("pipeline", pipe.execute)
    show("empty pipeline", pipe.execute)
with client.pipeline(transaction=False) as pipe:
    pipe.set("blah", 32)
    pipe.set("bytes", b"\xff\xc3\xa9\x00")
    pipe.rpush("foo", "éé")
    pipe.hgetall("xxx")
    show("no transaction", pipe.execute)
with client.pipeline() as pipe:
    pipe.watch("a")
    show("immediate", lambda: pipe.get("a"))
    pipe.multi()
    pipe.set("a", 5)
    show("watched", pipe.execute)
with client.pipeline() as pipe:
    pipe.lpush("cheese", "x")
    show("pipeline error", pipe.execute)
strict = redis.StrictRedis.from_url(f"redis://127.0.0.1:{os.environ['REDIS_PORT']}/0", client_name="me")
show("other database", lambda: strict.get("cheese"))
with client.pubsub() as listener:
    listener.subscribe("channel")
    print(listener.get_message(timeout=5)["type"])
    show("publish", lambda: client.publish("channel", "text"))
    print(listener.get_message(timeout=5)["data"])
client.close()
show("refused", lambda: redis.Redis(host="127.0.0.1", port=1, retry=None).get("x"))
