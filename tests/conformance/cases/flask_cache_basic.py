"""Flask-Caching: commands of traced caches in memory, and of one that is out of reach."""

import contextlib

from ddtrace.contrib.flask_cache import get_traced_cache
from flask import Flask

app = Flask(__name__)


def commands(cache):
    print(cache.set("k", 1), cache.get("k"), cache.get("none"), cache.add("k", 2, timeout=3))
    print(cache.set_many({"a": 1, "b": 2}), cache.get_many("a", "none"), cache.get(key="k"))
    print(cache.delete("k"), cache.delete_many("a", "b"), cache.has("a"), cache.clear())


class Broken:
    def get(self, *keys):
        raise ConnectionError(keys)


Cache = get_traced_cache()
print(Cache.__name__, [base.__name__ for base in Cache.__mro__[1:]])
commands(Cache(app, config={"CACHE_TYPE": "SimpleCache"}))
Own = get_traced_cache(service="own", meta={"team": "a"}, cache_cls=Cache.__mro__[1])
own = Own(app, config={"CACHE_TYPE": "flask_caching.backends.SimpleCache"})
print(own.set("k", 1), own.get("k"))
own.app.extensions["cache"][own] = Broken()
with contextlib.suppress(ConnectionError):
    own.get("k")
