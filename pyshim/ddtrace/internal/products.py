"""Products that programs add: what runs besides the native ones.

A distribution names them by entry points of the group `ddtrace.products`. Only the tracer's own are
loaded.
"""

from __future__ import annotations

from typing import Any, Protocol

from ddtrace.internal import atexit, forksafe
from ddtrace.internal.logger import get_logger

log = get_logger(__name__)

_TRUSTED_PRODUCT_DISTRIBUTIONS = frozenset({"ddtrace"})
_TRUSTED_PRODUCT_MODULE_PREFIXES = frozenset({"ddtrace."})


class Product(Protocol):
    """A module with these functions, and the names of those it needs in `requires`."""

    requires: list[str]

    def post_preload(self) -> None:
        """After the program's first imports."""

    def enabled(self) -> bool:
        """Whether it is to run."""
        ...

    def start(self) -> None:
        """Starts it."""

    def restart(self, join: bool = False) -> None:
        """Starts it again, in a forked child."""

    def stop(self, join: bool = False) -> None:
        """Stops it."""


def get_product_entry_points() -> list[Any]:
    """Those of the distributions that may add products."""
    import sys
    from importlib.metadata import entry_points

    chosen: Any
    if sys.version_info >= (3, 10):
        chosen = entry_points(group="ddtrace.products")
    else:
        chosen = entry_points().get("ddtrace.products", [])
    return [
        point
        for point in chosen
        if point.value.startswith(tuple(_TRUSTED_PRODUCT_MODULE_PREFIXES))
        and getattr(getattr(point, "dist", None), "name", "ddtrace")
        in _TRUSTED_PRODUCT_DISTRIBUTIONS
    ]


class ProductManager:
    """Starts products in the order of their needs, and stops them in the other one."""

    __products__: dict[str, Product] = {}

    def __init__(self) -> None:
        self._products: list[tuple[str, Product]] | None = None
        self._failed: set[str] = set()

    def _load_products(self) -> None:
        for point in get_product_entry_points():
            try:
                self.__products__[point.name] = point.load()
            except Exception:
                log.exception("cannot load product '%s'", point.name)

    def _sort_products(self) -> list[tuple[str, Product]]:
        needs = {name: set(product.requires) for name, product in self.__products__.items()}
        order: list[tuple[str, Product]] = []
        while ready := [name for name, wanted in needs.items() if not wanted]:
            order += [(name, self.__products__[name]) for name in ready]
            for name in ready:
                del needs[name]
            for wanted in needs.values():
                wanted.difference_update(ready)
        if needs:
            log.error("products whose needs cannot be met are left out: %s", sorted(needs))
        return order

    @property
    def products(self) -> list[tuple[str, Product]]:
        """Names and products, in the order of their needs."""
        if self._products is None:
            self._products = self._sort_products()
        return self._products

    @staticmethod
    def _wanted(product: Product) -> bool:
        return not hasattr(product, "enabled") or product.enabled()

    def _tell(self, name: str, product: Product, step: str, *args: Any) -> None:
        try:
            getattr(product, step)(*args)
        except Exception:
            log.exception("product '%s' failed in %s()", name, step)

    def start_products(self) -> None:
        """Starts those that are enabled and whose needs could be started."""
        for name, product in self.products:
            broken = self._failed.intersection(product.requires)
            if broken:
                log.error("product '%s' is not started, since it needs %s", name, sorted(broken))
                self._failed.add(name)
                continue
            try:
                if self._wanted(product):
                    self._failed.add(name)
                    product.start()
                    self._failed.discard(name)
            except Exception:
                log.exception("product '%s' failed in start()", name)

    def before_fork(self) -> None:
        """Tells them that a fork comes."""
        for name, product in self.products:
            if hasattr(product, "before_fork"):
                self._tell(name, product, "before_fork")

    def restart_products(self, join: bool = False) -> None:
        """Starts them again, in a forked child."""
        for name, product in self.products:
            self._tell(name, product, "restart", join)

    def stop_products(self, join: bool = False) -> None:
        """Stops those that are enabled, the last first."""
        for name, product in reversed(self.products):
            try:
                if self._wanted(product):
                    product.stop(join=join)
            except Exception:
                log.exception("product '%s' failed in stop()", name)

    def exit_products(self, join: bool = False) -> None:
        """The process ends."""
        self.stop_products(join)

    def post_preload_products(self) -> None:
        """After the program's first imports."""
        for name, product in self.products:
            self._tell(name, product, "post_preload")

    def run_protocol(self) -> None:
        """Loads and starts them, and follows forks and the end of the process."""
        self._load_products()
        self._products = None
        if not self.products:
            return
        self.start_products()
        forksafe.register_before_fork(self.before_fork)
        forksafe.register(self.restart_products)
        atexit.register(self.exit_products, join=True)

    def is_enabled(self, product_name: str) -> bool:
        """Whether a product is there and wants to run."""
        product = self.__products__.get(product_name)
        return product is not None and self._wanted(product)


manager = ProductManager()
