"""pymemcache: clients, hashed clients, errors."""

import os

import pymemcache
from pymemcache.client.base import Client
from pymemcache.client.hash import HashClient

PLACE = ("127.0.0.1", int(os.environ["MEMCACHED_PORT"]))


def show(label, call):
    try:
        print(label, call())
    except Exception as error:
        print(label, "raises", type(error).__name__)


def use(client):
    show("set", lambda: client.set("cheese", "camembert", expire=60))
    show("get", lambda: client.get("cheese"))
    show("get missing", lambda: client.get("nothing"))
    show("default", lambda: client.get("nothing", "default"))
    show("gets", lambda: client.gets("nothing"))
    show("set_many", lambda: client.set_many({"a": "1", "b": "2"}))
    show("get_many", lambda: client.get_many(["a", "b", "c"]))
    show("add", lambda: client.add("a", "3"))
    show("replace", lambda: client.replace("a", "5", noreply=False))
    show("append", lambda: client.append("a", "6", noreply=False))
    show("prepend", lambda: client.prepend("a", "6", noreply=False))
    show("cas", lambda: client.cas("a", "6", "1", noreply=False))
    show("incr", lambda: client.incr("b", 3))
    show("decr", lambda: client.decr("b", 1))
    show("touch", lambda: client.touch("b", 60, noreply=False))
    show("delete", lambda: client.delete("a", noreply=False))
    show("delete_many", lambda: client.delete_many(["a", "b"], noreply=False))
    show("bad key", lambda: client.get("a b"))
    show("flush", lambda: client.flush_all(noreply=False))
    client.close()


client = Client(PLACE)
print(type(client) is Client, isinstance(client, pymemcache.Client))
use(client)
show("version", lambda: type(client.version()))
show("stats", lambda: len(client.stats()) > 3)
client.quit()
use(HashClient([PLACE]))
show("refused", lambda: Client(("127.0.0.1", 1)).get("x"))
