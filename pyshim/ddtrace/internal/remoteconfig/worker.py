"""Who polls for configurations, as programs reach it."""

import _thread
import os
from collections.abc import Iterable
from typing import Any, Optional

from ddtrace.internal.remoteconfig import RCCallback
from ddtrace.internal.remoteconfig.client import RemoteConfigClient
from ddtrace.internal.service import ServiceStatus


class RemoteConfigPoller:
    """The program's one poller. Polling itself is native; callbacks run on a thread of their own."""

    def __init__(self) -> None:
        self._client = RemoteConfigClient()
        self._listening = False
        os.register_at_fork(after_in_child=self.reset_at_fork)

    @property
    def status(self) -> ServiceStatus:
        """Whether there is a thread for callbacks."""
        return ServiceStatus.RUNNING if self._listening else ServiceStatus.STOPPED

    def enable(self) -> bool:
        """Whether configurations are polled for; starts nothing that does not run yet."""
        return self._client.wanted()

    def disable(self, join: bool = False) -> None:
        """Forget all callbacks of the program."""
        self._client.reset_products()

    def register_callback(self, product: Any, callback: RCCallback, capabilities: Iterable[Any] = ()) -> None:
        """Call `callback` with what comes for `product` once that is enabled."""
        self._client.register_callback(product, callback)
        self._client.add_capabilities(capabilities)
        self._listen()

    def update_product_callback(self, product: Any, callback: RCCallback) -> bool:
        """Put another callback in the place of the registered one; False when there is none."""
        return self._client.update_product_callback(product, callback)

    def unregister_callback(self, product: Any) -> None:
        """Call nobody for `product` any more."""
        self._client.unregister_product(product)

    def get_registered(self, product: Any) -> Optional[RCCallback]:
        """The callback of `product`."""
        return self._client.get_registered(product)

    def enable_product(self, product: Any) -> None:
        """Ask the agent for `product`."""
        self._client.enable_product(product)
        self._listen()

    def disable_product(self, product: Any) -> None:
        """Do not ask the agent for `product`."""
        self._client.disable_product(product)

    def update_capabilities(self, mask: Iterable[Any], capabilities: Iterable[Any]) -> None:
        """Of the capabilities in `mask`, have only `capabilities`."""
        self._client.update_capabilities(mask, capabilities)

    def reset_at_fork(self) -> None:
        """In a forked child: callbacks go on, on a thread of its own."""
        if self._listening:
            self._listening = False
            self._listen()

    def _listen(self) -> None:
        if self._listening or not self._client.wanted():
            return
        self._listening = True
        _thread.start_new_thread(self._client.listen, ())

    def __enter__(self) -> "RemoteConfigPoller":
        self.enable()
        return self

    def __exit__(self, *args: object) -> None:
        self.disable()


remoteconfig_poller = RemoteConfigPoller()

__all__ = ["RemoteConfigPoller", "remoteconfig_poller"]
