"""pylibmc: commands, errors, clones."""

import os

import pylibmc

PLACE = f"127.0.0.1:{os.environ['MEMCACHED_PORT']}"


def show(label, call):
    try:
        print(label, call())
    except Exception as error:
        print(label, "raises", type(error).__name__)


client = pylibmc.Client([PLACE])
print(type(client) is pylibmc.Client)
show("set", lambda: client.set("cheese", "camembert", time=60))
show("get", lambda: client.get("cheese"))
show("get missing", lambda: client.get("nothing"))
show("set_multi", lambda: client.set_multi({"a": "1", "b": 2}, key_prefix="p"))
show("get_multi", lambda: client.get_multi(["a", "b", "c"], key_prefix="p"))
show("add", lambda: client.add("cheese", "x"))
show("replace", lambda: client.replace("cheese", "y"))
show("append", lambda: client.append("cheese", "z"))
show("prepend", lambda: client.prepend("cheese", "a"))
show("incr", lambda: client.incr("pb", 2))
show("decr", lambda: client.decr("pb"))
show("no number", lambda: client.incr("cheese"))
show("gets", lambda: client.gets("cheese")[0])
show("touch", lambda: client.touch("cheese", 60))
show("delete", lambda: client.delete("cheese"))
show("delete_multi", lambda: client.delete_multi(["a", "b"], key_prefix="p"))
show("no prefix", lambda: client.set_multi({"a": "1"}) + list(client.get_multi(["a"])))
copy = client.clone()
show("clone", lambda: copy.get("i"))
show("flush", lambda: client.flush_all())
show("refused", lambda: pylibmc.Client(["127.0.0.1:1"]).get("x"))
