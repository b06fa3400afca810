"""The environment, with the older names of settings."""

from __future__ import annotations

import os
from _collections_abc import MutableMapping  # `collections` is much more than this

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    _Texts = MutableMapping[str, str]
else:
    _Texts = MutableMapping


def _older(name: str) -> str:
    """The name a service setting had before, or an empty text."""
    return name + "_NAME" if name.startswith("DD_") and name.endswith("_SERVICE") else ""


class EnvConfig(_Texts):
    """`os.environ`, where a setting may also stand under its older name."""

    def __getitem__(self, key: str) -> str:
        if key in os.environ:
            return os.environ[key]
        return os.environ[_older(key) or key]

    def __setitem__(self, key: str, value: str) -> None:
        os.environ[key] = value

    def __delitem__(self, key: str) -> None:
        del os.environ[key]

    def __contains__(self, key: object) -> bool:
        return key in os.environ or (isinstance(key, str) and _older(key) in os.environ)

    def __iter__(self) -> Iterator[str]:
        return iter(os.environ)

    def __len__(self) -> int:
        return len(os.environ)

    def copy(self) -> dict[str, str]:
        """A plain dictionary of it."""
        return dict(os.environ)


env = dd_environ = EnvConfig()
