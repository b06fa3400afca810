"""Callbacks of products, and what they are called with."""

import json
from collections.abc import Iterable
from typing import Any, Dict, List, Optional, Set

from ddtrace import _native
from ddtrace.internal.logger import get_logger
from ddtrace.internal.remoteconfig import ConfigMetadata, Payload, RCCallback

log = get_logger(__name__)


class RemoteConfigClient:
    """The callbacks of one program. Products are members of `RemoteConfigProduct` or their names."""

    def __init__(self) -> None:
        self._callbacks: Dict[str, RCCallback] = {}
        self._enabled: Set[str] = set()
        self._capabilities = 0

    @staticmethod
    def wanted() -> bool:
        """Whether remote configuration is on at all."""
        return _native.remote_config_wanted()

    def register_callback(self, product_name: Any, callback: RCCallback) -> None:
        """Call `callback` for `product_name`."""
        self._callbacks[str(product_name)] = callback

    def update_product_callback(self, product_name: Any, callback: RCCallback) -> bool:
        """The same where there is one already."""
        if str(product_name) not in self._callbacks:
            return False
        self._callbacks[str(product_name)] = callback
        return True

    def get_registered(self, product_name: Any) -> Optional[RCCallback]:
        """The callback of a product."""
        return self._callbacks.get(str(product_name))

    def unregister_product(self, product_name: Any) -> None:
        """No callback for it any more."""
        self._callbacks.pop(str(product_name), None)

    def enable_product(self, product_name: Any) -> None:
        """Ask for it."""
        self._enabled.add(str(product_name))
        _native.remote_config_subscribe(str(product_name))

    def disable_product(self, product_name: Any) -> None:
        """Do not ask for it."""
        if str(product_name) in self._enabled:
            self._enabled.remove(str(product_name))
            _native.remote_config_unsubscribe(str(product_name))

    def enabled_product_names(self) -> List[str]:
        """What the program asks for."""
        return sorted(self._enabled)

    def reset_products(self) -> None:
        """Neither callbacks nor products."""
        self._callbacks.clear()
        for name in list(self._enabled):
            self.disable_product(name)

    def add_capabilities(self, capabilities: Iterable[Any]) -> None:
        """What the program can do besides."""
        self.update_capabilities((), capabilities)

    def update_capabilities(self, mask: Iterable[Any], capabilities: Iterable[Any]) -> None:
        """Of those in `mask`, only `capabilities`."""
        for one in mask:
            self._capabilities &= ~(1 << int(one))
        for one in capabilities:
            self._capabilities |= 1 << int(one)
        _native.remote_config_capabilities(self._capabilities)

    def listen(self) -> None:
        """The life of the thread that calls the callbacks."""
        while True:
            grouped: Dict[str, List[Payload]] = {}
            for product, path, config_id, version, content in _native.remote_config_next():
                length = None if content is None else len(content.encode())
                metadata = ConfigMetadata(config_id, product, None, length, version)
                payload = Payload(metadata, path, None if content is None else json.loads(content))
                grouped.setdefault(product, []).append(payload)
            self.dispatch(grouped)

    def dispatch(self, grouped: Dict[str, List[Payload]]) -> None:
        """Call whom this is for."""
        for product, payloads in grouped.items():
            callback = self._callbacks.get(product)
            if callback is None:
                continue
            try:
                callback(payloads)
            except Exception as error:
                log.debug("callback of %s failed", product, exc_info=True)
                for one in payloads:
                    if one.content is not None and one.metadata.tuf_version is not None:
                        _native.remote_config_failed(one.path, one.metadata.tuf_version, repr(error))
        for callback in list(self._callbacks.values()):
            try:
                callback.periodic()
            except Exception:
                log.debug("periodic callback failed", exc_info=True)


__all__ = ["RemoteConfigClient"]
