"""dogpile_cache: calls that go well, and calls that fail."""

import time

import dogpile.cache


def goes_well():
    region = dogpile.cache.make_region("named").configure("dogpile.cache.memory", expiration_time=60)
    for _ in range(2):
        print(region.get_or_create("key", lambda: "made"))
        print(region.get_or_create_multi(["one", "two"], lambda *keys: list(keys)))
    region.invalidate()
    print(region.get_or_create("key", lambda: "made again"))
    print(region.get_or_create(key="other", creator=lambda: None))

    soon = dogpile.cache.make_region("soon").configure("dogpile.cache.memory", expiration_time=0.001)
    soon.get_or_create("key", lambda: "old")
    time.sleep(0.01)
    print(soon.get_or_create("key", lambda: "new"))

    @region.cache_on_arguments()
    def cached(number):
        return number + 1

    print(cached(1), cached(1))


def fails():
    region = dogpile.cache.make_region().configure("dogpile.cache.memory")

    def creator():
        raise ValueError("not made")

    try:
        region.get_or_create("key", creator)
    except ValueError as error:
        print(repr(error))


if __name__ == "__main__":
    goes_well()
    fails()
